"""What orders rows, which of them come first, and which are taken where not all can be."""

import numpy as np
import pyarrow as pa

from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats
from leadwise.features.encoding import to_numbers
from leadwise.training.splits import Rows

MOST_UNKNOWN = 0.5
"""A column that is unknown of a larger share of rows orders nothing."""


def read_time(table: pa.Table, column: Column) -> Floats | None:
    """By row, the number that orders it, NaN where unknown; None if that is most of them.

    Args:
        table: Holds the column.
        column: Dates; any other is read as numbers, since identifiers may count upwards.

    >>> read_time(pa.table({"no": ["3", "x", "7"]}), Column(name="no", kind=ColumnKind.CODE))
    array([ 3., nan,  7.])
    """
    readable = column if column.kind is ColumnKind.DATE else column.model_copy(update={"kind": ColumnKind.NUMBER})
    time = to_numbers(table.column(column.name), readable)
    return None if np.isnan(time).mean() > MOST_UNKNOWN else time


def oldest_first(rows: Rows, time: Floats | None) -> Rows:
    """The rows in the order of time; those whose time is unknown count as the oldest.

    Args:
        rows: Positions in the table.
        time: Of each row of the table, NaN where unknown; None: nothing orders them, and they stay as they are.

    >>> oldest_first(np.array([0, 1, 3]), np.array([5.0, 2.0, 0.0, np.nan])).tolist()
    [3, 1, 0]
    """
    if time is None:
        return rows
    return rows[np.argsort(np.nan_to_num(time[rows], nan=-np.inf), kind="stable")]


def choose_rows(known: Rows, most: int, *, timed: bool, seed: int) -> Rows:
    """At most so many of the rows, in their order: the newest where time is known, else some at random.

    Args:
        known: Positions, oldest first where time is known.
        most: At least 1.
        timed: Whether time is known.
        seed: Draws the rows.

    >>> choose_rows(np.arange(5), 2, timed=True, seed=0).tolist()
    [3, 4]
    """
    if len(known) <= most:
        return known
    if timed:
        return known[-most:]
    return known[np.sort(np.random.default_rng(seed).choice(len(known), most, replace=False))]
