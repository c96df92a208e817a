"""How long each lead was watched, and the intervals of age in which its conversions are counted."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats

AGES = (1, 3, 7, 14, 30, 45, 60, 90, 120, 180, 270, 365)
"""Ends of the intervals of age, in days: the older a lead, the less a day matters."""


@dataclass(frozen=True)
class Spans:
    """Leads from their creation to their conversion, or to the last look at them.

    Args:
        days: From creation to conversion; for leads that are still open, their age when they were last seen.
        converted: Whether the lead converted then. Nothing is known of what the others do later.

    >>> spans = Spans(np.array([3.0, 40.0]), np.array([True, False]))
    >>> len(spans), spans.take(np.array([1])).days.tolist()
    (2, [40.0])
    """

    days: Floats
    converted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """The spans of those rows (positions or a mask)."""
        return type(self)(self.days[rows], self.converted[rows])


def ages_until(days: float) -> Floats:
    """Bounds of the intervals from 0 to this age, which ends the last one.

    >>> ages_until(20).tolist()
    [0.0, 1.0, 3.0, 7.0, 14.0, 20.0]
    """
    return np.array([0.0, *(float(age) for age in AGES if age < days), float(days)])
