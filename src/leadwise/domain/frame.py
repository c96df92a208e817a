"""Features of many leads as numbers: what models are fitted on and score."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class FeatureKind(StrEnum):
    """How a feature's number is to be understood."""

    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True)
class Feature:
    """One feature: a column of the frame.

    Args:
        name: Unique within the frame ("Signup date (weekday)").
        source: The table column that it was made from; reasons are given per source.
        kind: A number, or a category's code.
        levels: The category's values; code `i` stands for `levels[i]`, code `len(levels)` for any other value.
        part: Which part of a date it is (`day`, `weekday`, `month`, `hour`); empty for others.
    """

    name: str
    source: str
    kind: FeatureKind = FeatureKind.NUMBER
    levels: tuple[str, ...] = ()
    part: str = ""

    @property
    def is_category(self) -> bool:
        """Whether its numbers are codes."""
        return self.kind is FeatureKind.CATEGORY


@dataclass(frozen=True)
class Frame:
    """Features by rows. `values` has shape (rows, features); NaN means "not given", also for categories.

    >>> frame = Frame((Feature("visits", "visits"),), np.array([[3.0], [np.nan]]))
    >>> len(frame), frame.take(np.array([1])).values.tolist()
    (2, [[nan]])
    """

    features: tuple[Feature, ...]
    values: Floats

    def __post_init__(self) -> None:
        assert self.values.ndim == 2  # noqa: PLR2004 - rows and features
        assert self.values.shape[1] == len(self.features), "one column of values per feature"

    def __len__(self) -> int:
        return len(self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(feature.name for feature in self.features)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Self:
        """The frame of those rows (positions or a mask)."""
        return type(self)(self.features, self.values[rows])

    def select(self, names: Sequence[str]) -> Self:
        """The frame of those features, in that order; a name that is absent raises KeyError."""
        position = {name: index for index, name in enumerate(self.names)}
        chosen = [position[name] for name in names]
        return type(self)(tuple(self.features[index] for index in chosen), self.values[:, chosen])
