"""How sure a score is: between which rates such leads convert, four times of five."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.models.algorithm import counted_by_group
from leadwise.models.margins import sigmoid

Z80 = 1.281552
"""An 80% interval of a normal variable reaches so many standard deviations to either side."""
LEVEL_SPREAD = 1.0
"""How far off, in log-odds, the level of all scores is believed to be before any outcome."""
SLOPE_SPREAD = 0.8
"""The same of a lead that is scored one standard deviation above or below the usual."""
SMALLEST_SPREAD = 0.05
"""Scores that differ by less say nothing of leads that differ."""


@dataclass(frozen=True)
class ScoreIntervals:
    """Log-odds may be off by a line `level + slope * (margin - centre) / spread`, of which the covariance is known.

    Args:
        centre: The mean of calibrated log-odds.
        spread: Their standard deviation.
        level: Variance of the line's level.
        slope: Variance of its slope.
        both: Covariance of the two.
    """

    centre: float
    spread: float
    level: float
    slope: float
    both: float

    def around(self, margin: Floats) -> tuple[Floats, Floats]:
        """Lower and upper ends of the rate of conversion among leads with these calibrated log-odds.

        >>> low, high = ScoreIntervals(0.0, 1.0, level=0.04, slope=0.01, both=0.0).around(np.array([0.0, 2.0]))
        >>> low.round(2).tolist(), high.round(2).tolist()
        ([0.44, 0.84], [0.56, 0.91])
        """
        place = (margin - self.centre) / self.spread
        reach = Z80 * np.sqrt(self.level + place * (2 * self.both + place * self.slope))
        return sigmoid(margin - reach), sigmoid(margin + reach)

    def then(self, slope: float, intercept: float) -> Self:
        """The intervals of log-odds that were stretched and shifted: in log-odds they stretch alike.

        >>> ScoreIntervals(0.0, 1.0, level=0.04, slope=0.01, both=0.0).then(0.5, 1.0)
        ScoreIntervals(centre=1.0, spread=0.5, level=0.01, slope=0.0025, both=0.0)
        """
        square = slope**2
        return type(self)(
            slope * self.centre + intercept,
            slope * self.spread,
            square * self.level,
            square * self.slope,
            square * self.both,
        )


def fit_score_intervals(
    margin: Floats, target: Floats, *, periods: Sequence[int] = (), group: NDArray[np.int64] | None = None
) -> ScoreIntervals:
    """How far outcomes leave open the line through calibrated log-odds (Laplace's approximation, delta method).

    Args:
        margin: Calibrated log-odds of rows that were not fitted on.
        target: 1 won, 0 not, NaN not known.
        periods: How many of the rows, in their order, lie in each period of time: what moved from one to the next will
            move again, and widens the intervals (DerSimonian and Laird 1986). None: time is not known.
        group: A label for each row: rows of one lead count as one. None: each by itself.

    >>> few, many = (fit_score_intervals(np.zeros(rows), np.arange(rows) % 2.0) for rows in (10, 1000))
    >>> bool(few.level > 20 * many.level)
    True
    """
    centre, spread = float(margin.mean()), max(float(margin.std()), SMALLEST_SPREAD)
    known = ~np.isnan(target)
    probability = sigmoid(margin)
    counts = counted_by_group(group, len(margin))
    information = known * probability * (1 - probability) * counts
    line = np.column_stack([np.ones(len(margin)), (margin - centre) / spread])
    believed = np.diag([LEVEL_SPREAD**-2, SLOPE_SPREAD**-2])
    covariance = np.linalg.inv((line * information[:, None]).T @ line + believed)
    surprise = (np.where(known, target, probability) - probability) * counts
    level = covariance[0, 0] + _variance_between(surprise, information, periods)
    return ScoreIntervals(centre, spread, float(level), float(covariance[1, 1]), float(covariance[0, 1]))


def _variance_between(surprise: Floats, information: Floats, periods: Sequence[int]) -> float:
    """How much the level moves from period to period, beyond what chance does; a variance in log-odds."""
    starts = np.cumsum([0, *periods[:-1]])
    if len(periods) < 2:  # noqa: PLR2004 - nothing to compare
        return 0.0
    weight = np.add.reduceat(information, starts)
    if weight.min() <= 0:
        return 0.0
    shift = np.add.reduceat(surprise, starts) / weight
    mean = weight @ shift / weight.sum()
    beyond_chance = weight @ (shift - mean) ** 2 - (len(periods) - 1)
    return float(max(beyond_chance / (weight.sum() - weight @ weight / weight.sum()), 0.0))
