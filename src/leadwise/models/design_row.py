"""One row's design matrix in a few operations on all columns at once, where a table is filled column by column."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.models.design_matrix import DesignMatrix

Places = np.ndarray[Any, np.dtype[np.intp]]
_MISSING, _NO_CODE = np.nan, -1.0


@dataclass(frozen=True)
class DesignRow:
    """The kept columns, each told by a few numbers. All arrays have shape (columns,).

    Args:
        feature: The feature's position.
        low: Where a hinge begins; of other columns 0.
        high: Where it ends.
        instead: What stands in for a value that is not given.
        code: The code of a category's value; NaN for "not given" and for numbers, -1 for all other values together.
        is_level: Whether the column is 1 or 0, for a category's value or for "not given".
        mean: Of the rows that were learnt from.
        scale: Their deviation.
        others: By the place of a column that stands for all other values of a category: the codes that have columns.
    """

    feature: Places
    low: Floats
    high: Floats
    instead: Floats
    code: Floats
    is_level: np.ndarray[Any, np.dtype[np.bool_]]
    mean: Floats
    scale: Floats
    others: Mapping[int, frozenset[float]]

    @classmethod
    def of(cls, matrix: DesignMatrix) -> Self:
        """The columns of a design matrix."""
        told: list[tuple[float, float, float, float, bool]] = []
        rest: dict[int, frozenset[float]] = {}
        for number in matrix.numbers:
            told += [(low, high, number.middle, _MISSING, False) for low, high in pairwise(number.knots)]
            told += [(0.0, 0.0, _MISSING, _MISSING, True)] * number.may_miss
        for category in matrix.categories:
            told += [(0.0, 0.0, _MISSING, code, True) for code in category.codes]
            if category.has_others:
                rest[len(told)] = frozenset(map(float, category.codes))
                told.append((0.0, 0.0, _MISSING, _NO_CODE, True))
            told += [(0.0, 0.0, _MISSING, _MISSING, True)] * category.may_miss
        kept = np.array(told, dtype=np.float64).reshape(-1, 5)[list(matrix.kept)].T
        owner = np.array(matrix.owner, dtype=np.intp)
        low, high, instead, code, is_level = kept
        others = {place: rest[column] for place, column in enumerate(matrix.kept) if column in rest}
        return cls(
            owner, low, high, instead, code, is_level == 1, np.array(matrix.mean), np.array(matrix.scale), others
        )

    def transform(self, values: Floats) -> Floats:
        """The standardised columns of one row, shape (columns,): what `DesignMatrix.transform` gives.

        Args:
            values: The features, shape (features,).
        """
        given = values[self.feature]
        missing = np.isnan(given)
        hinge = np.minimum(np.maximum(np.where(missing, self.instead, given), self.low), self.high) - self.low
        level = (given == self.code) | (missing & np.isnan(self.code))
        for place, codes in self.others.items():
            level[place] = not missing[place] and float(given[place]) not in codes
        return np.asarray((np.where(self.is_level, level, hinge) - self.mean) / self.scale)

    def per_feature(self, by_column: Floats, features: int) -> Floats:
        """Sums of one row's columns by feature, shape (1, features)."""
        return np.bincount(self.feature, by_column, features).astype(np.float64)[None]
