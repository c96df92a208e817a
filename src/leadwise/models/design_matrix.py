"""Features as columns of a design matrix, for models that multiply: scaled numbers, hinges, and one column per value.

Everything is learnt from the rows that a model is fitted on. NaN becomes a column of its own ("not given"), and so do
all values together that were seen too seldom for a column each; a value that was not seen is one of these.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.present import NEWEST
from leadwise.models.screening import strongest_features

RARE = 5
"""A category's value needs this many rows for a column of its own."""
MOST_VALUES = 50
MOST_COLUMNS = 500
"""Beyond this many columns the weakest are left out: linear models gain nothing from them and need minutes."""
KNOTS = 5
KNOT_QUANTILES = {
    3: (0.1, 0.5, 0.9),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975),
}
"""Where a number's effect may bend, by how often (Harrell 2015, table 2.3)."""


@dataclass(frozen=True)
class NumberColumns:
    """A number as hinges `max(0, min(x, next knot) - knot)`: a line that bends at each knot, flat outside of them."""

    index: int
    knots: tuple[float, ...]
    middle: float
    """Stands in where the number is not given."""
    may_miss: bool

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.knots) - 1 + self.may_miss

    def fill(self, values: Floats, out: Floats) -> None:
        """Write the columns of these values into `out`, shape (rows, width)."""
        missing = np.isnan(values)
        present = np.where(missing, self.middle, values)
        for column, (low, high) in enumerate(pairwise(self.knots)):
            out[:, column] = np.clip(present, low, high) - low
        if self.may_miss:
            out[:, -1] = missing


@dataclass(frozen=True)
class CategoryColumns:
    """A category as one column per frequent value, one for all others, and one for "not given"."""

    index: int
    codes: tuple[int, ...]
    may_miss: bool
    has_others: bool = False
    """Whether other values were seen too: being rare says something by itself."""

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.codes) + self.has_others + self.may_miss

    def fill(self, values: Floats, out: Floats) -> None:
        """Write the columns of these codes into `out`, shape (rows, width)."""
        for column, code in enumerate(self.codes):
            out[:, column] = values == code
        missing = np.isnan(values)
        if self.has_others:
            out[:, len(self.codes)] = ~missing & ~np.isin(values, self.codes)
        if self.may_miss:
            out[:, -1] = missing


@dataclass(frozen=True)
class DesignMatrix:
    """How a frame becomes a standardised matrix, shape (rows, columns).

    `owner[c]` is the position of the feature that column `c` belongs to.
    """

    numbers: tuple[NumberColumns, ...]
    categories: tuple[CategoryColumns, ...]
    kept: tuple[int, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def fit(cls, frame: Frame, target: Floats, knots: int = KNOTS, rare: int = RARE) -> Self:
        """Learn knots, frequent values and scales; of very many features and columns keep the strongest.

        Args:
            frame: The features.
            target: Says which columns are strong.
            knots: Where a number's effect may bend: 3, 5 or 7.
            rare: A category's value needs this many rows for a column of its own.
        """
        numbers, categories = [], []
        for index in strongest_features(frame, target):
            feature, values = frame.features[index], frame.values[:, index]
            if feature.is_category:
                categories.append(_category_columns(index, feature, values, rare))
            elif (columns := _number_columns(index, values, knots)) is not None:
                numbers.append(columns)
        return cls._scaled(tuple(numbers), tuple(categories), frame, target)

    @classmethod
    def _scaled(
        cls, numbers: tuple[NumberColumns, ...], categories: tuple[CategoryColumns, ...], frame: Frame, target: Floats
    ) -> Self:
        raw = cls(numbers, categories, (), (), ()).raw(frame)
        with np.errstate(over="ignore", invalid="ignore"):  # squares of numbers beyond reason are infinite
            mean, deviation = raw.mean(axis=0), raw.std(axis=0)
        kept = _strongest(raw, mean, deviation, target)
        return cls(
            numbers, categories, tuple(kept.tolist()), tuple(mean[kept].tolist()), tuple(deviation[kept].tolist())
        )

    def raw(self, frame: Frame) -> Floats:
        """All columns, neither chosen nor standardised."""
        blocks: tuple[NumberColumns | CategoryColumns, ...] = self.numbers + self.categories
        out = np.empty((len(frame), sum(block.width for block in blocks)))
        start = 0
        for block in blocks:
            block.fill(frame.values[:, block.index], out[:, start : start + block.width])
            start += block.width
        return out

    def transform(self, frame: Frame) -> Floats:
        """The matrix of these rows; each column has mean 0 and deviation 1 over the rows it was learnt from."""
        matrix = self.raw(frame)[:, list(self.kept)]
        matrix -= np.array(self.mean)
        matrix /= np.array(self.scale)
        return matrix

    @property
    def owner(self) -> list[int]:
        """The feature position of each column."""
        blocks: tuple[NumberColumns | CategoryColumns, ...] = self.numbers + self.categories
        all_owners = [block.index for block in blocks for _ in range(block.width)]
        return [all_owners[column] for column in self.kept]

    @property
    def is_level(self) -> NDArray[np.bool_]:
        """Of each column, whether it is 1 and 0 before it is standardised: a category's value, or "not given"."""
        hinges = [column < len(block.knots) - 1 for block in self.numbers for column in range(block.width)]
        levels = sum(block.width for block in self.categories)
        return ~np.array(hinges + [False] * levels, dtype=np.bool_)[list(self.kept)]

    def at_present(self, moment: int) -> tuple[Self, NDArray[np.bool_], Floats]:
        """This matrix without the columns of the last feature, which is the newest moment in all rows to come.

        Args:
            moment: The position of that feature, a number.

        Returns:
            The smaller matrix, which of this one's columns were taken out, and what stands in those in all rows.
        """
        taken = np.array(self.owner, dtype=np.int64) == moment
        if not taken.any():
            return self, taken, np.zeros(0)
        *numbers, block = self.numbers  # the last feature's is the last
        newest = np.empty((1, block.width))
        block.fill(np.array([NEWEST]), newest)
        place, mean, scale = np.array(self.kept), np.array(self.mean), np.array(self.scale)
        start = sum(other.width for other in numbers)
        constants = (newest[0, place[taken] - start] - mean[taken]) / scale[taken]
        places = np.where(place >= start, place - block.width, place)[~taken]
        smaller = replace(
            self,
            numbers=tuple(numbers),
            kept=tuple(places.tolist()),
            mean=tuple(mean[~taken].tolist()),
            scale=tuple(scale[~taken].tolist()),
        )
        return smaller, taken, constants

    def per_feature(self, by_column: Floats, features: int) -> Floats:
        """Sums of columns by feature: (rows, columns) to (rows, features)."""
        owned = np.zeros((by_column.shape[1], features))
        owned[np.arange(by_column.shape[1]), self.owner] = 1.0
        return np.asarray(by_column @ owned)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a model file."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The matrix that `to_json` described."""
        return cls(
            numbers=tuple(NumberColumns(**{**c, "knots": tuple(c["knots"])}) for c in content["numbers"]),
            categories=tuple(CategoryColumns(**{**c, "codes": tuple(c["codes"])}) for c in content["categories"]),
            kept=tuple(content["kept"]),
            mean=tuple(content["mean"]),
            scale=tuple(content["scale"]),
        )


def _number_columns(index: int, values: Floats, wanted: int) -> NumberColumns | None:
    """Hinges for a number; None if it is nowhere given."""
    present = values[~np.isnan(values)]
    if present.size == 0:
        return None
    knots = np.unique(np.quantile(present, KNOT_QUANTILES[wanted]))
    low, high = float(present.min()), float(present.max())
    if knots.size == 1 and low < high:
        knots = np.unique([low, knots[0], high])
    middle = float(np.median(present))
    return NumberColumns(index, tuple(knots.tolist()), middle, may_miss=present.size < values.size)


def _category_columns(index: int, feature: Feature, codes: Floats, rare: int) -> CategoryColumns:
    """Columns for the values that are frequent enough."""
    present = codes[~np.isnan(codes)].astype(np.int64)
    counts = np.bincount(present, minlength=len(feature.levels) + 1)[: len(feature.levels)]
    frequent = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    chosen = tuple(int(code) for code in frequent if counts[code] >= rare)
    return CategoryColumns(
        index, chosen, may_miss=present.size < codes.size, has_others=bool(present.size > counts[list(chosen)].sum())
    )


def _strongest(raw: Floats, mean: Floats, deviation: Floats, target: Floats) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Positions, ascending, of the columns that vary within reason, at most MOST_COLUMNS of them."""
    varying = np.flatnonzero(np.isfinite(deviation) & (deviation > 1e-12 * np.maximum(1.0, np.abs(mean))))
    if varying.size <= MOST_COLUMNS:
        return varying
    centred = target - target.mean()
    strength = np.abs(centred @ raw[:, varying]) / deviation[varying]
    return np.sort(varying[np.argsort(-strength, kind="stable")[:MOST_COLUMNS]])
