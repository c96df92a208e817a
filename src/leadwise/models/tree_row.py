"""One row through all trees at once, in microseconds: LightGBM's single-row calls, and credits laid out for them.

LightGBM's `predict` spends most of a single row's time on checking and preparing; here that is done once.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.models.algorithm import Explanation
from leadwise.models.paths import PathTable
from leadwise.models.trees import Trees


class TreeRow:
    """The sum of several boosters for one row: which leaf it falls into in each tree, and what the leaves credit.

    Args:
        boosters: Grown on the same features.
        tables: The credits of each.
        features: How many features there are; LightGBM needs one at least.
    """

    def __init__(self, boosters: Sequence[Trees], tables: Sequence[PathTable], features: int) -> None:
        self._boosters, self._tables, self._features = list(boosters), list(tables), features
        self._trees = [len(table.first_leaf) for table in tables]
        self._find = [booster.leaf_finder() for booster in boosters]
        self._base = float(sum(table.base for table in tables))
        self._first_leaf = np.concatenate(
            [table.first_leaf + before for table, before in zip(tables, _starts(tables), strict=True)]
        )
        columns, self._credits = _by_tree(tables)
        self._order = np.argsort(columns, kind="stable")[np.count_nonzero(columns < 0) :]
        self._split_on, self._runs = np.unique(columns[self._order], return_index=True)

    def __reduce__(self) -> tuple[type["TreeRow"], tuple[Any, ...]]:
        """Copies and other processes prepare their own calls."""
        return TreeRow, (self._boosters, self._tables, self._features)

    def explain(self, values: Floats) -> Explanation:
        """Contributions to the sum of all trees, shape (1, features), of one row's values, shape (features,)."""
        row = np.ascontiguousarray(values, dtype=np.float64) if len(values) else np.zeros(1)
        leaves = np.empty(len(self._first_leaf))
        start, address = row.ctypes.data, leaves.ctypes.data
        for find, trees in zip(self._find, self._trees, strict=True):
            find(start, address)
            address += 8 * trees
        credited = self._credits.take(leaves.astype(np.intp) + self._first_leaf, axis=0)
        contributions = np.zeros((1, self._features))
        if len(self._runs):
            contributions[0, self._split_on] = np.add.reduceat(credited.ravel().take(self._order), self._runs)
        return Explanation(contributions[:, : len(values)], self._base)


def _starts(tables: Sequence[PathTable]) -> Sequence[int]:
    """How many leaves come before each table's."""
    return list(accumulate((table.credits.shape[0] for table in tables[:-1]), initial=0))


def _by_tree(tables: Sequence[PathTable]) -> tuple[NDArray[np.integer[Any]], Floats]:
    """Credits as one dense row per leaf, over the few features of its tree.

    Returns:
        The feature of each entry of all trees' rows, flat, shape (trees * width,); and the credits, shape (leaves,
        width). Entries beyond a tree's features are 0, and of feature -1.
    """
    found = [table.of_tree(tree) for table in tables for tree in range(len(table.first_leaf))]
    used = [np.flatnonzero(part.any(axis=0)) for part in found]
    width = max(map(len, used), default=0)
    columns = np.full((len(found), width), -1, dtype=np.intp)
    by_leaf = np.zeros((sum(map(len, found)), width))
    start = 0
    for number, (part, features) in enumerate(zip(found, used, strict=True)):
        columns[number, : len(features)] = features
        by_leaf[start : start + len(part), : len(features)] = part[:, features]
        start += len(part)
    return columns.ravel(), by_leaf
