"""How far a predicted amount may be off: 80% intervals from the errors on rows that were not fitted on."""

from dataclasses import dataclass

import numpy as np

from leadwise.domain.frame import Floats

COVERAGE = 0.8
GROUPS = 5
FEWEST_PER_GROUP = 30
TO_THE_SMALLEST = -1e300
"""Added to any prediction, it ends at the smallest amount."""


@dataclass(frozen=True)
class ValueIntervals:
    """Ends of intervals around predictions, by how large the prediction is: large customers vary more.

    Args:
        edges: Predictions from `edges[g]` on belong to group `g + 1`; ascending.
        low: By group, what is added to the prediction for the lower end (mostly negative).
        high: By group, what is added for the upper end.
        smallest: No end is below this: the smallest amount there was.

    Source: split conformal prediction by groups (Romano, Patterson, Candes 2019, on residuals; Vovk 2012).
    """

    edges: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    smallest: float

    def possible(self, value: Floats) -> Floats:
        """The predictions; 0 in place of what is below, where no amount was."""
        return np.maximum(value, 0.0) if self.smallest >= 0 else value

    def around(self, value: Floats) -> tuple[Floats, Floats]:
        """Lower and upper ends; the prediction lies between them."""
        group = np.searchsorted(np.array(self.edges), value, side="right")
        low = np.maximum(value + np.array(self.low)[group], self.smallest)
        high = np.maximum(value + np.array(self.high)[group], self.smallest)
        return np.minimum(low, value), np.maximum(high, value)


def fit_intervals(value: Floats, target: Floats) -> ValueIntervals:
    """Intervals that hold four of five true amounts, by group of predictions.

    Where so many amounts of a group are the smallest one (nothing spent) that the lower end cannot cut off a tenth, it
    is that amount, and the upper end alone cuts off a fifth: two tails would hold more than promised, and be wider.

    Args:
        value: Predictions for rows that were not fitted on.
        target: The true amounts.
    """
    groups = int(np.clip(len(value) // FEWEST_PER_GROUP, 1, GROUPS))
    edges = np.unique(np.quantile(value, np.linspace(0, 1, groups + 1)[1:-1])) if groups > 1 else np.zeros(0)
    group = np.searchsorted(edges, value, side="right")
    tail = (1 - COVERAGE) / 2
    error = target - value
    smallest = float(target.min())
    ends = []
    for number in range(len(edges) + 1):
        rows = group == number if (group == number).any() else np.ones(len(error), dtype=np.bool_)
        none_below = bool((target[rows] == smallest).mean() > tail)
        ends.append(_one_end(error[rows], 2 * tail) if none_below else _ends(error[rows], tail))
    low, high = zip(*ends, strict=True)
    return ValueIntervals(tuple(edges.tolist()), low, high, smallest)


def _one_end(error: Floats, tail: float) -> tuple[float, float]:
    """From the smallest amount up to the quantile that cuts off this share."""
    return TO_THE_SMALLEST, _ends(error, tail)[1]


def _ends(error: Floats, tail: float) -> tuple[float, float]:
    """Quantiles of the errors, one row further out than the sample's own, as conformal prediction asks."""
    rows = len(error)
    low = np.quantile(error, max(0.0, tail - (1 - tail) / rows), method="lower")
    high = np.quantile(error, min(1.0, 1 - tail + (1 - tail) / rows), method="higher")
    return float(low), float(high)
