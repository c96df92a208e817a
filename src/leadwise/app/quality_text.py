"""What a snapshot is like, in lines for people; `quality.json` has all of it."""

from collections.abc import Iterator

from leadwise.app.console import console, plain_table
from leadwise.app.output import percent, short_name
from leadwise.training.feature_store.quality import Comparison, Quality

SHOWN = 8


def show_quality(quality: Quality, where: str) -> None:
    """Print what was written and what stands out: features that are often missing, unusual or have moved."""
    out = console()
    rows = quality.rows
    out.print(
        f"{rows.open_leads:,} open leads as of {quality.as_of:%Y-%m-%d %H:%M} UTC, and {rows.training:,} rows of "
        f"{rows.training_leads:,} past leads to learn from ({rows.taken_over:,} taken over, {rows.computed:,} "
        f"computed); {len(quality.features):,} features.",
        soft_wrap=True,
    )
    worst = sorted(quality.features.items(), key=lambda item: item[1].completeness or 0.0)[:SHOWN]
    missing = [(name, each) for name, each in worst if (each.completeness or 0.0) < 1]
    if missing and rows.open_leads:
        table = plain_table("Least complete", ">open leads", ">training", ">outliers")
        for name, each in missing:
            table.add_row(
                short_name(name), percent(each.completeness), percent(each.completeness_training), f"{each.outliers:,}"
            )
        out.print(table)
    for line in _comparison(quality.comparison):
        out.print(line, soft_wrap=True)
    out.print(f"Written to {where}; quality.json says more.", soft_wrap=True)


def _comparison(found: Comparison | None) -> Iterator[str]:
    if found is None:
        return
    yield (
        f"Since the snapshot {found.snapshot}: {found.new_leads:,} leads are new, {found.vanished_leads:,} are no "
        f"longer open; {len(found.moved):,} features have moved."
    )
    for words, names in (("New", found.new_features), ("Gone", found.vanished_features), ("Moved", [*found.moved])):
        if names:
            more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
            yield f"{words}: {', '.join(map(short_name, names[:SHOWN]))}{more}."
    if not found.same_definitions:
        yield "Definitions have changed, so that all rows were computed anew."
