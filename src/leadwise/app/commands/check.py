"""`leadwise check`: what is in a table, what is wrong with it, what leaks."""

from leadwise.app.commands import arguments as take
from leadwise.app.output import console, percent, plain_table, print_json, remark
from leadwise.connectors.tables import read_table
from leadwise.domain.card import CheckReport
from leadwise.domain.column import ColumnReport, Leak
from leadwise.training.options import FitOptions
from leadwise.training.preparation import check

NAME = "check"


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
    )
    file = read_table(table)
    report = check(file.table, options)
    for note in file.notes:
        remark(note)
    if as_json:
        print_json(report)
    else:
        _show(report)


def _show(report: CheckReport) -> None:
    out = console()
    out.print(f"{report.rows:,} rows, {len(report.columns)} columns.")
    if report.base_rate is not None:
        out.print(f"{percent(report.base_rate)} converted ({report.outcome} is {report.won}).")
    out.print()
    table = plain_table("column", "type", "use", "leak", ">missing", ">distinct", "remarks")
    for column in report.columns:
        leak = "" if column.leak is Leak.NONE else column.leak
        missing, distinct = percent(column.missing_share), f"{column.distinct:,}"
        table.add_row(column.name, column.type, column.use, leak, missing, distinct, _remarks(column))
    out.print(table)
    for warning in report.warnings:
        out.print(f"\n{warning}")


def _remarks(column: ColumnReport) -> str:
    placeholders = ", ".join(repr(value) for value in column.missing_values[:3])
    read_as_missing = f"{placeholders} means not given." if placeholders else ""
    return " ".join(part for part in (column.evidence, column.note, read_as_missing) if part)
