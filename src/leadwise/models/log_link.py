"""Amounts that are never negative, learnt as logarithms."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from leadwise.domain.frame import Floats

SKEWED = 1.2
"""Amounts whose mean is this many times their median have a long tail, or many zeros."""


def are_skewed_amounts(target: Floats) -> bool:
    """Whether amounts are never negative, and mostly small with a few large ones, as money is.

    >>> are_skewed_amounts(np.array([0.0, 0.0, 0.0, 12.5])), are_skewed_amounts(np.array([9.0, 10.0, 11.0]))
    (True, False)
    """
    return bool(len(target) and target.min() >= 0 and target.max() > 0 and target.mean() > SKEWED * np.median(target))


@dataclass(frozen=True)
class LogLink:
    """An amount as `unit * exp(score)`, never above the largest amount that was seen.

    Args:
        unit: The mean amount: scores are near 0 whatever the currency.
        most: The largest score that counts.

    >>> link = LogLink.fit(np.array([0.0, 10.0, 20.0]))
    >>> link(np.array([0.0, 50.0])).round(6).tolist()
    [10.0, 20.0]
    """

    unit: float
    most: float

    @classmethod
    def fit(cls, target: Floats) -> Self:
        """The link of these amounts, of which one at least is above 0."""
        unit = float(target.mean())
        return cls(unit, float(np.log(target.max() / unit)))

    def __call__(self, score: Floats) -> Floats:
        """The amounts of scores."""
        return np.asarray(self.unit * np.exp(np.minimum(score, self.most)))

    def to_json(self) -> dict[str, float]:
        """Plain values for a model file."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The link that `to_json` described."""
        return cls(float(content["unit"]), float(content["most"]))
