"""`leadwise fit`: from a table with outcomes to a model file."""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from leadwise.app.card_text import show_card
from leadwise.app.commands import arguments as take
from leadwise.app.model import Model
from leadwise.app.output import print_json, remark
from leadwise.app.progress import make_progress, working
from leadwise.connectors.tables import read_table
from leadwise.connectors.whole_file import check_writable
from leadwise.domain.choices import read_choice
from leadwise.training.fitting import fit
from leadwise.training.options import DEFAULT_BUDGET_SECONDS, FitOptions, SearchStyle
from leadwise.training.time_material import check_dates

NAME = "fit"

Out = Annotated[Path, typer.Option(help="Where the model file goes.")]
Report = Annotated[Path | None, typer.Option(help="Where a report goes: one HTML file that needs no network.")]


def run(
    table: take.Table,
    out: Out,
    outcome: take.OptionalOutcome = None,
    report: Report = None,
    won: take.Won = None,
    value: take.Value = False,
    created: take.Created = None,
    converted_at: take.ConvertedAt = None,
    until: take.UntilDate = None,
    id_column: take.Id = None,
    time: take.Time = None,
    ordered: take.Ordered = False,
    drop: take.Drop = None,
    keep: take.Keep = None,
    algorithm: take.Algorithms = None,
    budget: take.Budget = DEFAULT_BUDGET_SECONDS,
    seed: take.Seed = 0,
    search: take.Search = None,
    search_trials: take.SearchTrials = None,
    as_json: take.AsJson = False,
) -> None:
    """Learn from a table with outcomes, and write a model file."""
    options = FitOptions(
        outcome=outcome or "",
        won=won,
        value=value,
        id_column=id_column,
        time_column=time,
        ordered=ordered,
        drop=tuple(drop or ()),
        keep=tuple(keep or ()),
        algorithms=tuple(algorithm or ()),
        budget_seconds=budget,
        seed=seed,
        search=read_choice(SearchStyle, search, "--search") if search is not None else None,
        search_trials=search_trials,
        created=created,
        converted_at=converted_at,
        until=until,
    )
    check_dates(options)
    check_writable(out, inputs=[table])
    if report is not None:
        check_writable(report, inputs=[table, out])
    model = _fit(table, options)
    model.save(out)
    remark(f"Wrote {out}.")
    if report is not None:
        model.report(report)
        remark(f"Wrote {report}.")
    if as_json:
        for warning in model.card.warnings:
            remark(warning)
        print_json(model.card)
    else:
        show_card(model.card)


def _fit(path: Path, options: FitOptions) -> Model:
    started = perf_counter()
    with working(f"reading {path}"):
        file = read_table(path)
    for note in file.notes:
        remark(note)
    with make_progress() as progress:
        return Model(fit(file.table, options, progress, spent_seconds=perf_counter() - started))
