"""Training rows whose outcome was not settled yet when the rows that they are judged by began are left out.

A row of a lead as of an instant has the outcome of the horizon after it. Where that horizon reaches into the time of
the validation rows, nobody could have learnt from the row by then (purging: López de Prado, Advances in Financial
Machine Learning, 2018, section 7.4.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from leadwise.domain.column import ColumnKind
from leadwise.domain.frame import Floats
from leadwise.features.columns import infer_column
from leadwise.features.encoding import to_numbers
from leadwise.training.splits import Fold, Rows, Split

ENOUGH_SHARE = 0.25
"""A step that keeps less of its rows would say how a model of far fewer rows does, and is left out instead."""


@dataclass(frozen=True)
class Horizons:
    """When what is to be learnt of each row is settled.

    Args:
        as_of: By row, the instant that it is of, in days since 1970; NaN: unknown, and never left out.
        days: How long after it the outcome is settled.
    """

    as_of: Floats
    days: float

    def settled_before(self, rows: Rows, later: Rows) -> Rows:
        """Those of the rows whose outcome was settled when the first of the later rows was looked at."""
        begin = np.min(self.as_of[later], initial=np.inf, where=~np.isnan(self.as_of[later]))
        return rows[~(self.as_of[rows] + self.days > begin)]


def read_horizons(table: pa.Table, as_of_column: str, days: float) -> Horizons:
    """The horizons of a table's rows, whose instants are dates as people write them, or timestamps."""
    column = infer_column(as_of_column, table.column(as_of_column))
    return Horizons(to_numbers(table.column(as_of_column), column.model_copy(update={"kind": ColumnKind.DATE})), days)


def purge(split: Split, horizons: Horizons, target: Floats) -> Split:
    """The split without training rows that were not settled when their validation or test rows begin.

    A split that is not in order of time, and one that would keep too little of every step, comes back as it is, with a
    sentence about it where it matters.

    Args:
        split: Positions of rows.
        horizons: When each row is settled.
        target: By row. Of each value that a step had, some row must be left.

    >>> split = Split(np.arange(6), np.arange(6, 8), (Fold(np.arange(4), np.arange(4, 6)),), "",
    ...               ordered=True)
    >>> purged = purge(split, Horizons(np.arange(8.0), days=2.0), np.zeros(8))
    >>> purged.folds[0].train.tolist(), purged.train.tolist()
    ([0, 1, 2], [0, 1, 2, 3, 4])
    """
    if not split.ordered or not split.folds:
        return split
    folds = tuple(_purged(split.folds, horizons, target))
    train = horizons.settled_before(split.train, split.test) if split.held_out else split.train
    if not folds or not _is_enough(train, split.train, target):
        reach = "Outcomes of rows trained on reach into the time of the rows that they are judged by."
        return replace(split, sentence=f"{split.sentence} {reach}")
    if len(train) == len(split.train) and sum(map(_size, folds)) == sum(map(_size, split.folds)):
        return split
    about = "Rows whose outcome was not settled by then were not trained on."
    absent = len(split.folds) - len(folds)
    steps = f" {absent} of the steps had too few others." if absent else ""
    purged = replace(split, train=train, folds=folds, sentence=f"{split.sentence} {about}{steps}")
    return purged if split.held_out else replace(purged, test=purged.validated)


def _purged(folds: tuple[Fold, ...], horizons: Horizons, target: Floats) -> Iterator[Fold]:
    for fold in folds:
        train = horizons.settled_before(fold.train, fold.validation)
        if _is_enough(train, fold.train, target):
            yield Fold(train, fold.validation)


def _is_enough(left: Rows, before: Rows, target: Floats) -> bool:
    varied = len(np.unique(target[before])) == 1 or len(np.unique(target[left])) > 1
    return varied and len(left) >= ENOUGH_SHARE * len(before)


def _size(fold: Fold) -> int:
    return len(fold.train)
