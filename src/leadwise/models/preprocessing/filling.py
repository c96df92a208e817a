"""What stands in for values that are not given."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.domain.preprocessing import MissingValues, Preprocessing
from leadwise.models.preprocessing.step import Step

NOT_GIVEN = "not given"
"""The level of a category in which nothing is given, where a constant stands in."""


@dataclass(frozen=True)
class FilledValues(Step):
    """By feature, the number or the level's code that stands in.

    Args:
        values: What stands in, in the features' order.
        levels: By feature, a level that the category did not have and now has; empty: none.
    """

    values: tuple[float, ...]
    levels: tuple[str, ...]

    @classmethod
    def fit(cls, frame: Frame, wanted: Preprocessing) -> Self:
        """Learn what stands in; 0 for a number that is nowhere given."""
        fills = [
            _of_category(feature, frame.values[:, index], wanted)
            if feature.is_category
            else (_of_number(frame.values[:, index], wanted), "")
            for index, feature in enumerate(frame.features)
        ]
        return cls(tuple(float(value) for value, _ in fills), tuple(level for _, level in fills))

    def transform(self, frame: Frame) -> Frame:
        """The frame without gaps."""
        features, filled = list(frame.features), frame.values.copy()
        for index, (value, level) in enumerate(zip(self.values, self.levels, strict=True)):
            feature, column = features[index], filled[:, index]
            if level:
                column[column == len(feature.levels)] += 1  # makes room: "another value" stands behind all levels
                features[index] = replace(feature, levels=(*feature.levels, level))
            column[np.isnan(column)] = value
        return Frame(tuple(features), filled)


def _of_number(values: Floats, wanted: Preprocessing) -> float:
    given = values[~np.isnan(values)]
    if wanted.missing_value_strategy is MissingValues.CONSTANT:
        return float(wanted.fill_value) if isinstance(wanted.fill_value, int | float) else 0.0
    if not given.size:
        return 0.0
    if wanted.missing_value_strategy is MissingValues.MEAN:
        return float(given.mean())
    if wanted.missing_value_strategy is MissingValues.MEDIAN:
        return float(np.median(given))
    distinct, counts = np.unique(given, return_counts=True)
    return float(distinct[counts.argmax()])


def _of_category(feature: Feature, codes: Floats, wanted: Preprocessing) -> tuple[float, str]:
    """The code that stands in, and the level that it stands for where that is a new one."""
    if wanted.missing_value_strategy is MissingValues.CONSTANT:
        level = NOT_GIVEN if wanted.fill_value is None else _as_level(wanted.fill_value)
        if level in feature.levels:
            return float(feature.levels.index(level)), ""
        return float(len(feature.levels)), level
    given = codes[~np.isnan(codes)].astype(np.int64)
    return (float(np.bincount(given).argmax()) if given.size else float(len(feature.levels))), ""


def _as_level(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
