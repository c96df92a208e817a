"""Categories as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.preprocessing.step import Parents, Step

MOST_LEVELS = 50
"""So many values of a category get a number of their own; rarer ones are told apart by none."""


@dataclass(frozen=True)
class OneHot(Step):
    """Each category as one number per frequent value, 1 or 0, in its place.

    Args:
        codes: By feature, the codes that get a number; None for a feature that is a number already. Code -1 is "not
            given", where that was seen.
    """

    codes: tuple[tuple[int, ...] | None, ...]

    @classmethod
    def fit(cls, frame: Frame) -> Self:
        """Find the values that were seen, at most fifty of each category."""
        return cls(
            tuple(
                _frequent(frame.values[:, index]) if feature.is_category else None
                for index, feature in enumerate(frame.features)
            )
        )

    def transform(self, frame: Frame) -> Frame:
        """The frame without categories."""
        features: list[Feature] = []
        columns: list[Floats] = [np.zeros((len(frame), 0))]
        for index, (feature, codes) in enumerate(zip(frame.features, self.codes, strict=True)):
            if codes is None:
                features.append(feature)
                columns.append(frame.values[:, [index]])
                continue
            features += [Feature(f"{feature.name} = {_level(feature, code)}", feature.source) for code in codes]
            found = np.where(np.isnan(frame.values[:, index]), -1, frame.values[:, index])
            columns.append((found[:, None] == np.array(codes, dtype=np.float64)).astype(np.float64))
        return Frame(tuple(features), np.column_stack(columns))

    def parents(self, features: Sequence[Feature]) -> Parents:
        """Each number is of one category."""
        del features
        return [(index,) for index, codes in enumerate(self.codes) for _ in ([0] if codes is None else codes)]


@dataclass(frozen=True)
class Labels(Step):
    """Each category as one number: its code, which is its rank by frequency; NaN where it is not given."""

    def transform(self, frame: Frame) -> Frame:
        """The frame with codes that count as numbers."""
        return Frame(
            tuple(Feature(feature.name, feature.source, part=feature.part) for feature in frame.features), frame.values
        )


def _frequent(codes: Floats) -> tuple[int, ...]:
    found, counts = np.unique(np.where(np.isnan(codes), -1, codes), return_counts=True)
    kept = found[np.argsort(-counts, kind="stable")[:MOST_LEVELS]]
    return tuple(int(code) for code in np.sort(kept))


def _level(feature: Feature, code: int) -> str:
    if code < 0:
        return "not given"
    return feature.levels[code] if code < len(feature.levels) else "another value"
