"""How far one column alone goes towards the outcome."""

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats
from leadwise.features.encoding import to_numbers
from leadwise.features.texts import CodedColumn
from leadwise.training.metrics import roc_auc

FOLDS = 5
BINS = 20
SHRINK_ROWS = 5.0
"""A group's rate is drawn towards the overall rate as by so many rows."""
TIMES = 20.0
CHANCE = 1e-6
"""Odds count as many times those of all leads only if chance would do that once in a million such columns."""

Groups = NDArray[np.int64]


def group_counts(groups: Groups, won: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows, and converted rows, of each group."""
    size = int(groups.max()) + 1 if len(groups) else 1
    return np.bincount(groups, minlength=size), np.bincount(groups, weights=won, minlength=size).astype(np.int64)


def alone_auc(groups: Groups, won: NDArray[np.bool_]) -> float:
    """AUC of each row scored by the conversion rate of its group in other rows; 0.5 says nothing.

    Five folds, drawn from the rows' own groups and outcomes so that the order of the file makes no difference: within
    each group and outcome the rows are dealt out in turn.

    >>> won = np.array([True] * 50 + [False] * 50)
    >>> alone_auc(won.astype(np.int64), won), alone_auc(np.zeros(100, dtype=np.int64), won)
    (1.0, 0.5)
    """
    cell = groups * 2 + won
    order = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(cell[order]) != 0))
    turn = np.arange(len(cell)) - np.repeat(starts, np.diff(np.append(starts, len(cell))))
    fold = np.empty(len(cell), dtype=np.int64)
    fold[order] = (turn + cell[order]) % FOLDS
    counts, converted = group_counts(groups, won)
    score = np.empty(len(groups))
    for held_out in range(FOLDS):
        inside = fold == held_out
        fold_counts = np.bincount(groups[inside], minlength=len(counts))
        fold_converted = np.bincount(groups[inside], weights=won[inside], minlength=len(counts))
        rate = (won.sum() - won[inside].sum()) / max(len(won) - inside.sum(), 1)
        rates = (converted - fold_converted + SHRINK_ROWS * rate) / (counts - fold_counts + SHRINK_ROWS)
        score[inside] = rates[groups[inside]] - rate
    return max(roc_auc(won.astype(np.float64), score) or 0.5, 0.5)


def numbers_of(coded: CodedColumn, column: Column) -> Floats:
    """A number for each row; texts without one, such as ids and free text, count by their length."""
    if column.kind is ColumnKind.TEXT:
        lengths = np.array([len(str(text)) for text in coded.texts.to_pylist()], dtype=np.float64)
        return coded.spread(lengths)
    as_number = column.model_copy(update={"kind": ColumnKind.NUMBER}) if column.kind is ColumnKind.ID else column
    return coded.spread(to_numbers(coded.texts, as_number))


def bins_of_numbers(numbers: Floats, rows: int) -> Groups:
    """Ranges of about as many rows each; group 0 is "not given". A value of its own weight has a range of its own."""
    bins = int(np.clip(rows // 50, 2, BINS))
    present = ~np.isnan(numbers)
    edges = np.unique(np.quantile(numbers[present], np.linspace(0, 1, bins + 1)))
    groups = np.zeros(len(numbers), dtype=np.int64)
    left = np.searchsorted(edges, numbers[present], side="left")
    right = np.searchsorted(edges, numbers[present], side="right")
    groups[present] = 1 + left + right  # on an edge and between two edges are different ranges
    return groups


@overload
def many_times_the_odds(hits: int, rows: int, rate: float, *, at_least: float = 0.0) -> bool: ...
@overload
def many_times_the_odds(
    hits: NDArray[np.int64], rows: NDArray[np.int64], rate: float, *, at_least: float = 0.0
) -> NDArray[np.bool_]: ...
def many_times_the_odds(hits: Any, rows: Any, rate: float, *, at_least: float = 0.0) -> Any:
    """Whether `hits` of `rows` shows odds of more than twenty times those of `rate`, and chance does not explain it.

    Where conversions are rare, twenty times their odds is still far from certain: `at_least` is a share that must be
    exceeded too.

    >>> many_times_the_odds(66, 66, rate=0.1), many_times_the_odds(140, 142, rate=0.385)
    (True, False)
    >>> many_times_the_odds(850, 1000, rate=0.1), many_times_the_odds(850, 1000, rate=0.1, at_least=0.9)
    (True, False)
    """
    from scipy.stats import binom  # noqa: PLC0415 - heavy libraries load when used

    odds = TIMES * rate / (1 - rate)
    result = binom.sf(np.asarray(hits) - 1, np.asarray(rows), max(odds / (1 + odds), at_least)) < CHANCE
    return result if np.ndim(hits) else bool(result)
