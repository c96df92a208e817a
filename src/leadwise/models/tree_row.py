"""One row through all trees at once, in microseconds: LightGBM's single-row calls, and credits laid out for them.

`Booster.predict` of LightGBM spends most of a single row's time on checking and preparing. Its C API can prepare once
("fast single row"); the prepared call is not in the Python package, so it is made through the package's own handle of
the library.
"""

import ctypes
import weakref
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.models.algorithm import Explanation
from leadwise.models.paths import PathTable

_LEAF_INDEX, _FLOAT64, _ALL_TREES = 2, 1, -1  # LightGBM's c_api.h: C_API_PREDICT_LEAF_INDEX, C_API_DTYPE_FLOAT64


class TreeRow:
    """The sum of several boosters for one row: which leaf it falls into in each tree, and what the leaves credit.

    Args:
        boosters: LightGBM boosters, fitted on the same features.
        tables: The credits of each.
        features: How many features there are; LightGBM needs one at least.
    """

    def __init__(self, boosters: Sequence[Any], tables: Sequence[PathTable], features: int) -> None:
        self._boosters, self._tables, self._features = list(boosters), list(tables), features
        self._trees = [len(table.first_leaf) for table in tables]
        self._find = [_leaf_finder(booster, features) for booster in boosters]
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
    found = [tree for table in tables for tree in _trees_of(table)]
    width = max((len(features) for features, _ in found), default=0)
    columns = np.full((len(found), width), -1, dtype=np.intp)
    for number, (features, _) in enumerate(found):
        columns[number, : len(features)] = features
    by_leaf = np.concatenate([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for _, part in found])
    return columns.ravel(), by_leaf


def _trees_of(table: PathTable) -> list[tuple[NDArray[np.integer[Any]], Floats]]:
    """The features of each tree, and its leaves' credits to them."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy libraries load when used

    ends = [*table.first_leaf[1:].tolist(), table.credits.shape[0]]
    sparse = csr_matrix(table.credits)
    trees: list[tuple[NDArray[np.integer[Any]], Floats]] = []
    for first, end in zip(table.first_leaf.tolist(), ends, strict=True):
        low, high = sparse.indptr[first], sparse.indptr[end]
        features, place = np.unique(sparse.indices[low:high], return_inverse=True)
        part = np.zeros((end - first, len(features)))
        leaf = np.repeat(np.arange(end - first), np.diff(sparse.indptr[first : end + 1]))
        part[leaf, place] = sparse.data[low:high]
        trees.append((features, part))
    return trees


def _leaf_finder(booster: Any, features: int) -> Callable[[int, int], None]:
    """A call that writes the leaf of each tree, as float64, given the addresses of a row's values and of the result."""
    import lightgbm  # noqa: PLC0415 - heavy libraries load when used

    library = lightgbm.basic._LIB  # noqa: SLF001 - the only way to the single-row calls
    prepared = ctypes.c_void_p()
    status = library.LGBM_BoosterPredictForMatSingleRowFastInit(
        booster._handle,  # noqa: SLF001
        _LEAF_INDEX,
        0,
        _ALL_TREES,
        _FLOAT64,
        ctypes.c_int32(features),
        b"num_threads=1",
        ctypes.byref(prepared),
    )
    lightgbm.basic._safe_call(status)  # noqa: SLF001
    predict, written = library.LGBM_BoosterPredictForMatSingleRowFast, ctypes.c_int64()
    counted = ctypes.byref(written)

    def find(row: int, leaves: int) -> None:
        lightgbm.basic._safe_call(  # noqa: SLF001
            predict(prepared, ctypes.c_void_p(row), counted, ctypes.c_void_p(leaves))
        )

    weakref.finalize(find, library.LGBM_FastConfigFree, prepared)
    return find
