"""What the models of this room know of a customer: how often, how recently, since when, for how much."""

from dataclasses import dataclass

import numpy as np

from leadwise.domain.frame import Floats


@dataclass(frozen=True)
class PurchaseSummary:
    """Customers as of one instant, each array of shape (customers,); times in one unit throughout.

    Args:
        frequency: Repeat purchases: those after the first.
        recency: Time from the first purchase to the last; 0 without a repeat.
        age: Time from the first purchase to the instant, at least the recency.
        mean_value: Mean amount of the repeat purchases; 0 where there is none.

    Source: Fader, Hardie and Lee 2005, "Counting Your Customers" the Easy Way, section 2: (x, t_x, T).

    >>> PurchaseSummary(np.array([0.0]), np.array([2.0]), np.array([1.0]), np.array([0.0]))
    Traceback (most recent call last):
    AssertionError: a last purchase lies between the first and now
    """

    frequency: Floats
    recency: Floats
    age: Floats
    mean_value: Floats

    def __post_init__(self) -> None:
        in_order = (self.recency >= 0) & (self.recency <= self.age)
        assert in_order.all(), "a last purchase lies between the first and now"

    def __len__(self) -> int:
        return len(self.frequency)

    @property
    def has_repeated(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which customers came back."""
        return np.asarray(self.frequency > 0)
