"""When leads convert: what was foretold, what was seen, overall and by segment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from leadwise.domain.card import ModelCard
from leadwise.domain.time_to_convert import AgeCheck, SegmentCheck, TimeToConvert
from leadwise.web import words
from leadwise.web.components.metrics import title
from leadwise.web.components.tables import Figure, Table, tabulate

CHARTED = 3
"""So many of the largest segments get a chart of their own; all stand in the table."""
_VALUE_LETTERS = 60


@dataclass(frozen=True)
class Times:
    """What the report says of when leads convert."""

    watched: Annotated[str, "How many leads were watched, and until when."]
    sentence: Annotated[str, "Whether it held."]
    figures: Annotated[tuple[Figure, ...], "Foretold and seen, for all leads and for the largest segments."]
    segments: Annotated[Table, "Foretold and seen at the horizons, by segment."]
    comparisons: Annotated[Table, "Every model on the same leads."]


def describe_times(card: ModelCard) -> Times | None:
    """All of it; None for a model that says whether, not when."""
    told = card.time_to_convert
    if told is None:
        return None
    largest = sorted(told.segments, key=lambda segment: -segment.leads)[:CHARTED]
    charted = [_figure("All leads", told.curve), *(_figure(_name(each), each.ages) for each in largest)]
    return Times(_watched(told), told.sentence, tuple(charted), _segment_table(told), _comparison_table(told))


def _watched(told: TimeToConvert) -> str:
    half = "" if told.median_days is None else f" Half of all leads convert within {told.median_days:.0f} days."
    return (
        f"Until {words.day(told.as_of)}, {told.converted:,} of {words.count(told.leads, 'lead')} converted. The others "
        f"are still open: they count for the time they were watched, and never as lost.{half}"
    )


def _figure(name: str, checks: Sequence[AgeCheck]) -> Figure:
    from leadwise.web.components import charts  # noqa: PLC0415 - costs a second

    inside = sum(check.observed_interval[0] <= check.predicted <= check.observed_interval[1] for check in checks)
    sentence = (
        f"At {inside} of {words.count(len(checks), 'age')} the curve lies inside the 95% interval of what was seen."
    )
    label = f"Share converted by age, foretold as a line and seen as points. {name}. {sentence}"
    rows = [(f"{check.days:g} days", *_cells(check)) for check in checks]
    headings = ["By", "Foretold", "Seen", "95% interval"]
    table = tabulate("Share converted by age", headings, rows, numeric=range(1, 4))
    return Figure(name, sentence, charts.draw_times(checks, label), table)


def _segment_table(told: TimeToConvert) -> Table:
    rows = [
        (_name(segment), f"{segment.leads:,}", f"{check.days:g}", *_cells(check))
        for segment in told.segments
        for check in segment.ages
    ]
    headings = ["Leads", "Number", "Days", "Foretold", "Seen", "95% interval"]
    return tabulate("Segments of 50 or more test leads", headings, rows, numeric=range(1, 6))


def _comparison_table(told: TimeToConvert) -> Table:
    rows = [
        (
            title(row.algorithm),
            words.number(row.log_likelihood),
            words.number(row.concordance),
            words.number(row.integrated_brier),
            "chosen" if row.chosen else "",
        )
        for row in told.comparisons
    ]
    chosen = next((at for at, row in enumerate(told.comparisons) if row.chosen), None)
    headings = ["Model", "Log-likelihood, validation", "Harrell's C, test", "Integrated Brier score, test", "Note"]
    return tabulate("Models on the same leads", headings, rows, numeric=range(1, 4), chosen=chosen)


def _name(segment: SegmentCheck) -> str:
    return f"{segment.column[:_VALUE_LETTERS]}: {segment.value[:_VALUE_LETTERS]}"


def _cells(check: AgeCheck) -> tuple[str, str, str]:
    low, high = check.observed_interval
    return f"{check.predicted:.1%}", f"{check.observed:.1%}", f"{low:.1%} to {high:.1%}"
