"""What each column of a table is for when its leads are stored.

Only what was known when a lead arrived may stand in its fields, since every later prediction believes them. So the
outcome stays out, and so does a column that the leak check calls known only after it; both would look as if they had
been there from the start. Columns that are merely suspect stay in, as they do in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from leadwise.domain.column import Column, ColumnKind, ColumnReport, Leak
from leadwise.features.columns import infer_columns
from leadwise.training.errors import ColumnNotFoundError
from leadwise.training.options import FitOptions
from leadwise.training.outcome import OutcomeTarget
from leadwise.training.preparation import prepare


@dataclass(frozen=True)
class ImportOptions:
    """What the user says of the table.

    Args:
        source: The name under which its leads are known: the same lead from the same source is one.
        outcome: The column that says how each lead ended; it is also the name of what is predicted.
        won: Which of its values means converted; None: yes, true, 1, won and the like.
        id_column: What identifies a lead; None: the first column of identifiers, or else the content of the row.
        time_column: When each lead arrived.
        keep: Columns to store whatever the leak check says.
    """

    source: str
    outcome: str | None = None
    won: str | None = None
    id_column: str | None = None
    time_column: str | None = None
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """What each column was taken for.

    Args:
        id_column: What identifies a lead; None: the content of the row.
        fields: The columns that were known when a lead arrived, in the table's order.
        left_out: Columns that were known only after the outcome, with the evidence.
        outcome: How each row ended; None where no column says so.
    """

    id_column: str | None
    fields: tuple[str, ...]
    left_out: tuple[ColumnReport, ...]
    outcome: OutcomeTarget | None


def assign_roles(table: pa.Table, options: ImportOptions) -> Roles:
    """What each column is for.

    Raises:
        ColumnNotFoundError: if the table lacks a column that was named.
        NoOutcomeError and its kin: if the outcome cannot be read.
    """
    _check_names(table, options)
    if options.outcome is None:
        id_column = options.id_column or _first_identifier(infer_columns(table), table.num_rows, options)
        return Roles(id_column, _fields(table, options, id_column, ()), (), None)
    fit_options = FitOptions(
        outcome=options.outcome,
        won=options.won,
        id_column=options.id_column,
        time_column=options.time_column,
        keep=options.keep,
    )
    prepared = prepare(table, fit_options)
    spared = {prepared.id_column, options.outcome, options.time_column, *options.keep}
    left_out = tuple(each for each in prepared.reports if each.leak is Leak.LEAK and each.name not in spared)
    fields = _fields(table, options, prepared.id_column, left_out)
    return Roles(prepared.id_column, fields, left_out, prepared.target)


def _check_names(table: pa.Table, options: ImportOptions) -> None:
    named = [("--outcome", options.outcome), ("--id", options.id_column), ("--time", options.time_column)]
    for option, name in [*named, *(("--keep", name) for name in options.keep)]:
        if name is not None and name not in table.column_names:
            raise ColumnNotFoundError(option, name, table.column_names)


def _first_identifier(columns: Sequence[Column], rows: int, options: ImportOptions) -> str | None:
    identifiers = (each for each in columns if each.kind is ColumnKind.ID and each.distinct == rows)
    return next((each.name for each in identifiers if each.name != options.time_column), None)


def _fields(
    table: pa.Table, options: ImportOptions, id_column: str | None, left_out: Sequence[ColumnReport]
) -> tuple[str, ...]:
    elsewhere = {id_column, options.outcome, options.time_column, *(report.name for report in left_out)}
    return tuple(name for name in table.column_names if name not in elsewhere)
