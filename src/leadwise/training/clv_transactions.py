"""Transactions out of a table: who paid how much on which day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.features.dates import read_dates, typed_days
from leadwise.features.numbers import read_numbers
from leadwise.features.texts import WholeColumn, to_codes
from leadwise.training.clv_errors import (
    EXAMPLES_SHOWN,
    NoPurchasesError,
    TransactionsNotReadableError,
    TransactionTooLargeError,
)
from leadwise.training.clv_ledger import Ledger, Whole
from leadwise.training.errors import ColumnNotFoundError, ColumnRoleConflictError

LARGEST_AMOUNT = 1e12
MOST_UNREAD = 0.1
"""Share of rows without a readable customer, time or amount from which on the column is probably the wrong one."""


@dataclass(frozen=True)
class TransactionColumns:
    """Which columns say what.

    Args:
        customer: Who bought.
        time: When, as a date with or without a time of day; UTC where no zone is given.
        amount: For how much; refunds are negative.
    """

    customer: str
    time: str
    amount: str

    @property
    def options(self) -> dict[str, str]:
        """The columns by the options that name them."""
        return {"--customer": self.customer, "--time": self.time, "--amount": self.amount}


@dataclass(frozen=True)
class Transactions:
    """A table's transactions.

    Args:
        ledger: Summed by customer and day.
        day: Of each transaction that was read, in days since 1970-01-01.
        notes: Sentences on what was left out or looks odd.
    """

    ledger: Ledger
    day: Whole
    notes: tuple[str, ...]


def read_transactions(table: pa.Table, columns: TransactionColumns) -> Transactions:
    """A table's transactions, one per row.

    Raises:
        ColumnNotFoundError: if the table lacks a column.
        ColumnRoleConflictError: if one column is to be two things.
        TransactionsNotReadableError: if more than a tenth of the rows lack a readable customer, time or amount.
        TransactionTooLargeError: if an amount is beyond all reason.
        NoPurchasesError: if there are refunds only.

    >>> table = pa.table({"who": ["b", "a", "b"], "at": ["2026-01-02", "2026-01-03", "2026-01-02"], "eur": [5, 7, -1]})
    >>> read = read_transactions(table, TransactionColumns("who", "at", "eur"))
    >>> read.ledger.names.tolist(), read.ledger.appearance.tolist(), read.ledger.paid.tolist()
    (['a', 'b'], [1, 0], [7.0, 5.0])
    >>> read_transactions(table, TransactionColumns("who", "at", "euro"))
    Traceback (most recent call last):
    leadwise.training.errors.ColumnNotFoundError: --amount names the column 'euro', ...; did you mean 'eur'?
    """
    _check_names(table, columns)
    coded = to_codes(table.column(columns.customer))
    time, amount = read_times(table.column(columns.time)), read_amounts(table.column(columns.amount))
    unread = {"--customer": coded.codes < 0, "--time": np.isnan(time), "--amount": np.isnan(amount)}
    for option, rows in unread.items():
        _check_readable(table, option, columns.options[option], rows)
    usable = ~np.any(list(unread.values()), axis=0)
    largest = float(np.abs(amount[usable]).max())
    if largest > LARGEST_AMOUNT:
        raise TransactionTooLargeError(columns.amount, largest, LARGEST_AMOUNT)
    if not (amount[usable] > 0).any():
        raise NoPurchasesError(columns.amount)
    day = np.floor(time[usable]).astype(np.int64)
    texts = np.array(coded.texts.to_pylist(), dtype=object)
    ledger = _to_ledger(texts, coded.codes[usable], day, amount[usable])
    notes = (*_notes(columns, unread), *_note_repeated(table), *_note_refunds(amount[usable]))
    return Transactions(ledger, day, notes)


def read_times(column: WholeColumn) -> Floats:
    """Days since 1970-01-01 in UTC, the time of day as a fraction; NaN where there is no date. Shape (rows,).

    >>> read_times(pa.array(["1970-01-02T00:30:00+01:00", "soon", "19700103"])).round(2).tolist()
    [0.98, nan, 2.0]
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return typed_days(column)
    coded = to_codes(column)
    return coded.spread(read_dates(coded.texts, coded.counts).days)


def read_amounts(column: WholeColumn) -> Floats:
    """Amounts of money, with currency signs or without; NaN where there is none. Shape (rows,).

    >>> read_amounts(pa.array(["$1,200.50", "-3", "free"])).tolist()
    [1200.5, -3.0, nan]
    """
    coded = to_codes(column)
    return coded.spread(read_numbers(coded.texts, coded.counts).values)


def _check_names(table: pa.Table, columns: TransactionColumns) -> None:
    seen: dict[str, str] = {}
    for option, name in columns.options.items():
        if name not in table.column_names:
            raise ColumnNotFoundError(option, name, table.column_names)
        if name in seen:
            raise ColumnRoleConflictError(name, seen[name], option)
        seen[name] = option


_EXPECTED = {"--customer": "customers", "--time": "dates", "--amount": "amounts"}


def _check_readable(table: pa.Table, option: str, column: str, unread: NDArray[np.bool_]) -> None:
    if unread.mean() <= MOST_UNREAD:
        return
    written = (str(table.column(column)[int(row)].as_py() or "") for row in np.flatnonzero(unread)[:1000])
    examples = list(dict.fromkeys(text for text in written if text.strip()))[:EXAMPLES_SHOWN]
    raise TransactionsNotReadableError(option, column, _EXPECTED[option], int(unread.sum()), len(unread), examples)


def _to_ledger(texts: NDArray[Any], codes: Whole, day: Whole, amount: Floats) -> Ledger:
    """Sums by customer and day, the same to the last bit in whatever order the rows come."""
    present, first_row, customer = np.unique(codes, return_index=True, return_inverse=True)
    by_name = np.argsort(texts[present], kind="stable")
    rank = np.empty_like(by_name)
    rank[by_name] = np.arange(len(by_name))
    customer = rank[customer]
    order = np.lexsort((amount, day, customer))
    customer, day, amount = customer[order], day[order], amount[order]
    starts = np.flatnonzero(np.append(True, (np.diff(customer) != 0) | (np.diff(day) != 0)))
    return Ledger(
        names=texts[present][by_name],
        appearance=rank[np.argsort(first_row, kind="stable")],
        customer=customer[starts],
        day=day[starts],
        paid=np.add.reduceat(np.maximum(amount, 0.0), starts),
        refunded=np.add.reduceat(np.maximum(-amount, 0.0), starts),
        bought=np.logical_or.reduceat(amount >= 0, starts),
    )


def _notes(columns: TransactionColumns, unread: dict[str, NDArray[np.bool_]]) -> list[str]:
    """Which rows were left out."""
    return [
        f"Left out {_rows(int(rows.sum()))} without readable {_EXPECTED[option]} in {columns.options[option]!r} "
        f"(first: row {int(rows.argmax()) + 1:,})."
        for option, rows in unread.items()
        if rows.any()
    ]


def _note_repeated(table: pa.Table) -> Sequence[str]:
    """Rows that repeat another in every column: two of the same, or an export that doubled them; nobody can tell."""
    comparable = [field.name for field in table.schema if not pa.types.is_nested(field.type)]
    repeated = table.num_rows - table.group_by(comparable).aggregate([]).num_rows
    if not repeated:
        return ()
    return (f"{_rows(repeated)} repeated an earlier one in every column; all were counted as they stand.",)


def _note_refunds(amount: Floats) -> Sequence[str]:
    refunds = int((amount < 0).sum())
    if not refunds:
        return ()
    return (
        f"{_rows(refunds)} had negative amounts; each was taken off its customer's purchase of that day or before.",
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
