"""Numbers on one scale."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadwise.domain.frame import Floats, Frame
from leadwise.domain.preprocessing import Scaling
from leadwise.models.preprocessing.step import Step, numbers

LARGEST = 1e300
"""Scaled numbers are held within this, so that none becomes infinite."""


@dataclass(frozen=True)
class Scaled(Step):
    """Numbers less a centre, divided by a width; categories stay as they are.

    Args:
        centre: By feature, the mean or the smallest number of the training rows.
        width: By feature, their deviation or their range; 1 where they do not vary.
    """

    centre: tuple[float, ...]
    width: tuple[float, ...]

    @classmethod
    def fit(cls, frame: Frame, scaling: Scaling) -> Self:
        """Learn centre and width of each number."""
        centre, width = np.zeros(len(frame.features)), np.ones(len(frame.features))
        for index in numbers(frame.features):
            given = frame.values[~np.isnan(frame.values[:, index]), index]
            if given.size:
                centre[index], width[index] = _measure(given, scaling)
        return cls(tuple(centre.tolist()), tuple(width.tolist()))

    def transform(self, frame: Frame) -> Frame:
        """The frame on the scale of the training rows; what lies outside of them goes beyond 0 and 1."""
        with np.errstate(over="ignore"):
            scaled = (frame.values - np.array(self.centre)) / np.array(self.width)
        return Frame(frame.features, np.clip(scaled, -LARGEST, LARGEST))


def _measure(given: Floats, scaling: Scaling) -> tuple[float, float]:
    low, high = float(given.min()), float(given.max())
    if low == high:
        return low, 1.0
    return (float(given.mean()), float(given.std())) if scaling is Scaling.STANDARD else (low, high - low)
