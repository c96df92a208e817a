"""Trees that LightGBM grew, asked through its C library alone.

Its Python package brings SciPy along, and scikit-learn and pandas where they are installed: who grows trees can wait
for these, who is asked for a score cannot.

Source: `include/LightGBM/c_api.h` and the text format (`Tree::ToString`) of LightGBM 4.
"""

import ctypes
import weakref
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats

Positions = NDArray[np.intp]

_SUM, _LEAF, _SHAPLEY = 1, 2, 3  # C_API_PREDICT_RAW_SCORE, C_API_PREDICT_LEAF_INDEX, C_API_PREDICT_CONTRIB
_FLOAT64, _BY_ROWS, _ALL_TREES = 1, 1, -1  # C_API_DTYPE_FLOAT64, is_row_major, num_iteration


@dataclass(frozen=True)
class Nodes:
    """The nodes of all trees: first all splits, tree by tree, then all leaves. A position counts through all of them.

    Args:
        split_on: By split, the feature.
        threshold: By split, up to where the feature's numbers go left; means nothing for codes.
        left: By split, the position of the node on the left.
        right: By split, that of the node on the right.
        values: By leaf, what it adds to the sum.
        rows: By leaf, how many rows of training fell into it.
        first_leaf: By tree, how many leaves come before its own.
    """

    split_on: Positions
    threshold: Floats
    left: Positions
    right: Positions
    values: Floats
    rows: Floats
    first_leaf: Positions


class Trees:
    """The sum of trees. Safe to share between threads.

    Args:
        text: What LightGBM's `model_to_string` gives.

    Raises:
        ValueError: if it is no such text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._handle = ctypes.c_void_p()
        _call("BoosterLoadModelFromString", text.encode(), ctypes.byref(ctypes.c_int()), ctypes.byref(self._handle))
        weakref.finalize(self, _library().LGBM_BoosterFree, self._handle)
        self.count = self._number("BoosterNumberOfTotalModel")
        self.features = self._number("BoosterGetNumFeature")

    def __reduce__(self) -> tuple[type["Trees"], tuple[str]]:
        """Copies and other processes read the text."""
        return Trees, (self.text,)

    def sums(self, matrix: Floats, threads: int) -> Floats:
        """What the trees add up to, shape (rows,), given features, shape (rows, features)."""
        return self._predict(matrix, _SUM, 1, threads)[:, 0]

    def leaves(self, matrix: Floats, threads: int) -> NDArray[np.int32]:
        """The leaf that each row falls into, counted within its tree, shape (rows, trees)."""
        return self._predict(matrix, _LEAF, self.count, threads).astype(np.int32)

    def shapley_values(self, matrix: Floats, threads: int) -> Floats:
        """Shapley values by feature, path-dependent, shape (rows, features)."""
        return self._predict(matrix, _SHAPLEY, self.features + 1, threads)[:, :-1]

    def leaf_finder(self) -> Callable[[int, int], None]:
        """A call that writes a row's leaf in each tree, as float64, given the addresses of its values and the result.

        What takes most of a single row's time otherwise is done once. The call must not outlive the trees.
        """
        prepared = ctypes.c_void_p()
        asked = (_LEAF, 0, _ALL_TREES, _FLOAT64, ctypes.c_int32(self.features), b"num_threads=1")
        _call("BoosterPredictForMatSingleRowFastInit", self._handle, *asked, ctypes.byref(prepared))
        predict = _library().LGBM_BoosterPredictForMatSingleRowFast
        written = ctypes.byref(ctypes.c_int64())

        def find(row: int, leaves: int) -> None:
            _check(predict(prepared, ctypes.c_void_p(row), written, ctypes.c_void_p(leaves)))

        weakref.finalize(find, _library().LGBM_FastConfigFree, prepared)
        return find

    def nodes(self) -> Nodes:
        """All nodes, as the text has them."""
        numbers = _numbers(self.text)
        leaves = numbers("num_leaves", np.intp)
        first_leaf, first_split = _before(leaves), _before(leaves - 1)
        first_split_here, first_leaf_here = (np.repeat(first, leaves - 1) for first in (first_split, first_leaf))
        splits = len(first_split_here)

        def positions(name: str) -> Positions:
            """LightGBM counts splits from 0, leaves from -1 downwards, in each tree anew."""
            child = numbers(name, np.intp)
            return np.asarray(np.where(child >= 0, first_split_here + child, splits + first_leaf_here - 1 - child))

        return Nodes(
            split_on=numbers("split_feature", np.intp),
            threshold=numbers("threshold", np.float64),
            left=positions("left_child"),
            right=positions("right_child"),
            values=numbers("leaf_value", np.float64),
            rows=numbers("leaf_count", np.float64),
            first_leaf=first_leaf,
        )

    def _number(self, name: str) -> int:
        found = ctypes.c_int()
        _call(name, self._handle, ctypes.byref(found))
        return found.value

    def _predict(self, matrix: Floats, kind: int, width: int, threads: int) -> Floats:
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        found, written = np.empty((len(rows), width)), ctypes.c_int64()
        given = (ctypes.c_void_p(rows.ctypes.data), _FLOAT64, *map(ctypes.c_int32, rows.shape), _BY_ROWS)
        asked = (kind, 0, _ALL_TREES, f"num_threads={threads}".encode())
        result = ctypes.c_void_p(found.ctypes.data)
        _call("BoosterPredictForMat", self._handle, *given, *asked, ctypes.byref(written), result)
        assert written.value == found.size
        return found


def _numbers(text: str) -> Callable[[str, type], Any]:
    """What gives the numbers of a name, of all trees in one array."""
    lines = defaultdict[str, list[str]](list)
    for line in text.splitlines():
        name, _, written = line.partition("=")
        lines[name].append(written)
    return lambda name, kind: np.array(" ".join(lines[name]).split(), dtype=kind)


def _before(counts: Positions) -> Positions:
    """How many come before each.

    >>> _before(np.array([3, 1, 2])).tolist()
    [0, 3, 4]
    """
    return np.cumsum(counts) - counts


@cache
def _library() -> ctypes.CDLL:
    """LightGBM's library, which its package brings."""
    package = find_spec("lightgbm")
    assert package is not None
    assert package.origin is not None
    library = ctypes.CDLL(str(next(Path(package.origin).parent.rglob("lib_lightgbm.*"))))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _call(name: str, *arguments: Any) -> None:
    _check(getattr(_library(), f"LGBM_{name}")(*arguments))


def _check(status: int) -> None:
    if status != 0:
        raise ValueError(_library().LGBM_GetLastError().decode(errors="replace"))
