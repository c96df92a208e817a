"""Which rows train, validate and test where the same leads are looked at again and again, at the ends of periods.

By order of arrival the test would be of the newest leads alone, and say nothing of those who have been there for
years. So it is of the newest periods, and of leads that are in no other part.
"""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.domain.history import instant_of
from leadwise.training.splits import FIRST_TRAINING_SHARE, TEST_SHARE, TIME_FOLDS, Fold, Split
from leadwise.training.stamps import whole

FEWEST_PARTS = 3
"""A step is validated on at most so large a part of the leads (one in three), so that enough others are left."""


def in_order_of_periods(table: pa.Table, as_of_column: str) -> pa.Table:
    """The rows, oldest instant first; those of one instant in an order that has nothing to do with the leads."""
    shuffled = np.random.default_rng(0).permutation(table.num_rows)
    (as_of,) = whole(table.select([as_of_column]), as_of_column)
    return table.take(shuffled[np.argsort(as_of[shuffled], kind="stable")])


def split_by_period(as_of: Floats, group: NDArray[Any], *, seed: int) -> Split | None:
    """A fifth of the leads in the newest periods tests; validation marches through the periods before, on other leads.

    Args:
        as_of: By row, the instant that it is of, in days since 1970, ascending.
        group: By row, its lead.
        seed: Draws the leads.

    Returns:
        The split, in which no lead is in two parts of one step; None where all rows are of one instant.

    >>> as_of, group = np.repeat([0.0, 365, 730, 1095], 10), np.tile(np.arange(10), 4)
    >>> split = split_by_period(as_of, group, seed=0)
    >>> split.test.tolist(), [(len(fold.train), len(fold.validation)) for fold in split.folds]
    ([37, 39], [(5, 3), (10, 3)])
    """
    if len(as_of) == 0 or as_of[0] == as_of[-1]:
        return None
    begin = _instant_at(as_of, 1 - TEST_SHARE)
    earlier = as_of[as_of < begin]
    shares = np.linspace(FIRST_TRAINING_SHARE, 1.0, TIME_FOLDS + 1)[:-1]
    edges = sorted({_instant_at(earlier, float(share)) for share in shares} - {earlier[0]})
    distinct, label = np.unique(group, return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(distinct))[label]
    tests = max(round(len(distinct) * TEST_SHARE), 1)
    part, trained = (place - tests) % max(len(edges), FEWEST_PARTS), place >= tests
    folds = [
        Fold(_rows(trained & (part != step) & (as_of < start)),
             _rows(trained & (part == step) & (as_of >= start) & (as_of < end)))
        for step, (start, end) in enumerate(pairwise([*edges, begin]))
    ]  # fmt: skip
    folds = [fold for fold in folds if len(fold.train) and len(fold.validation)]
    test = _rows((place < tests) & (as_of >= begin))
    if not len(test):
        return None
    sentence = (
        f"The test set is a random fifth of the leads as they were from {_day(begin)} on ({len(test):,} rows); nothing "
        "was learnt from other rows of theirs. Validation rows are always newer than the rows trained on, and of other "
        f"leads, in {len(folds)} steps."
    )
    return Split(_rows(trained & (as_of < begin)), test, tuple(folds), sentence, ordered=True)


def _instant_at(as_of: Floats, share: float) -> float:
    """The instant of the row at this share of all; the second instant, if that is the first one."""
    found = as_of[min(int(len(as_of) * share), len(as_of) - 1)]
    later = as_of[as_of > as_of[0]]
    return float(found if found > as_of[0] or not len(later) else later[0])


def _rows(chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.flatnonzero(chosen)


def _day(days: float) -> str:
    return f"{instant_of(0) + timedelta(days=days):%Y-%m-%d}"
