"""`leadwise check`: what is in a table, what is wrong with it, what leaks."""

from leadwise.app.commands import arguments as take
from leadwise.app.console import console, plain_table
from leadwise.app.output import percent, print_json, remark, short_name
from leadwise.app.progress import working
from leadwise.connectors.tables import read_table
from leadwise.domain.card import CheckReport
from leadwise.domain.column import ColumnReport, Leak
from leadwise.training.options import DEFAULT_BUDGET_SECONDS, FitOptions
from leadwise.training.preparation import check


def run(
    table: take.Table,
    outcome: take.Outcome,
    won: take.Won = None,
    value: take.Value = False,
    id_column: take.Id = None,
    time: take.Time = None,
    ordered: take.Ordered = False,
    drop: take.Drop = None,
    keep: take.Keep = None,
    algorithm: take.Algorithms = None,
    budget: take.Budget = DEFAULT_BUDGET_SECONDS,
    seed: take.Seed = 0,
    as_json: take.AsJson = False,
) -> None:
    """Say what is in a table, what is wrong with it, and what leaks."""
    options = FitOptions(
        outcome=outcome,
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
    )
    with working(f"reading {table}"):
        file = read_table(table)
    with working("looking at the columns and for leaks"):
        report = check(file.table, options)
    for note in file.notes:
        remark(note)
    if as_json:
        for warning in report.warnings:
            remark(warning)
        print_json(report)
    else:
        _show(report)


def _show(report: CheckReport) -> None:
    out = console()
    out.print(f"{report.rows:,} rows, {len(report.columns):,} columns.")
    if report.base_rate is not None:
        meaning = f" ({short_name(report.outcome)} is {report.won})" if report.won is not None else ""
        out.print(f"{percent(report.base_rate)} converted{meaning}.")
    out.print()
    table = plain_table("column", "type", "use", "leak", ">missing", ">distinct", "remarks")
    for column in report.columns:
        leak = "" if column.leak is Leak.NONE else column.leak
        missing, distinct = percent(column.missing_share), f"{column.distinct:,}"
        table.add_row(short_name(column.name), column.type, column.use, leak, missing, distinct, _remarks(column))
    out.print(table)
    words = ", ".join(name.replace("_", " ") for name in report.algorithms)
    out.print(f"\nA fit would try: {words}.")
    for warning in report.warnings:
        out.print(f"\n{warning}")


def _remarks(column: ColumnReport) -> str:
    placeholders = [repr(short_name(value)) for value in column.missing_values[:3]]
    mean = "means" if len(placeholders) == 1 else "mean"
    read_as_missing = f"{', '.join(placeholders)} {mean} not given." if placeholders else ""
    return " ".join(part for part in (column.evidence, column.note, read_as_missing) if part)
