"""What every model of time to conversion offers: probabilities by age, the median, and reasons that add up."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import orjson

from leadwise.domain.errors import Invalid
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import Explanation, Parts, Predictor
from leadwise.models.hazards.person_periods import PersonPeriods
from leadwise.models.hazards.spans import Spans

NODES = 24
"""Points on the way from base to lead at which contributions are weighed: enough for sums that are right to 1e-9."""
BASELINE = "baseline.json"


class NoExactReasonsError(Invalid):
    """Exact contributions were asked of a model of time to conversion."""

    code = "no_exact_reasons"

    def __init__(self) -> None:
        super().__init__(
            "Exact Shapley values were asked for, but for a model of when leads convert they are not worked out; "
            "leave --exact out: the everyday contributions add up too."
        )


class HazardModel(Predictor):
    """A lead's cumulative hazard is that of all leads, times a factor of its own in each interval of age.

    The probability to convert by an age is `1 - exp(-cumulative hazard)`. Margins are the log-odds of that probability
    at the horizon.

    Args:
        ages: Bounds of the intervals, in days, from 0 on; shape (intervals + 1,).
        horizon_days: The age that margins are about: one of the bounds.
        hazards: By interval, the cumulative hazard of all leads; learnt by `fit`.
    """

    def __init__(self, ages: Floats, horizon_days: float, hazards: Floats | None = None) -> None:
        self.settings = {}
        self.ages, self.horizon_days = ages, horizon_days
        self.hazards = np.zeros(len(ages) - 1) if hazards is None else hazards
        self._within = int(np.searchsorted(ages, horizon_days))
        assert ages[self._within] == horizon_days, "the horizon must be one of the ages"

    def fit(self, frame: Frame, spans: Spans, *, seed: int) -> Self:
        """This model, fitted on leads that converted and leads that are still open."""
        periods = PersonPeriods.of(spans, self.ages)
        self.hazards = periods.hazards
        self._learn(frame, periods, seed)
        return self

    @abstractmethod
    def _learn(self, frame: Frame, periods: PersonPeriods, seed: int) -> None:
        """Learn the leads' own factors."""

    @abstractmethod
    def log_factors(self, frame: Frame) -> Floats:
        """Logarithm of each lead's factor, shape (rows, intervals)."""

    @abstractmethod
    def base_factors(self) -> Floats:
        """Logarithm of the factor before any feature has its say, shape (intervals,)."""

    @abstractmethod
    def weigh(self, frame: Frame, weights: Floats) -> Floats:
        """What features add to the log factors, summed over intervals with these weights.

        Args:
            frame: The leads.
            weights: Shape (rows, intervals), of the first intervals or of all.

        Returns:
            Shape (rows, features).
        """

    def cumulative(self, frame: Frame) -> Floats:
        """Cumulative hazards at the ends of the intervals, shape (rows, intervals)."""
        return np.asarray(np.cumsum(self.hazards * np.exp(self.log_factors(frame)), axis=1))

    def median_days(self, frame: Frame) -> Floats:
        """The age by which half of such leads have converted; NaN where the intervals end before. Shape (rows,)."""
        cumulative = np.hstack([np.zeros((len(frame), 1)), self.cumulative(frame)])
        half = np.log(2.0)
        reached = cumulative[:, -1] >= half
        after = np.argmax(cumulative >= half, axis=1)
        rows = np.arange(len(frame))
        low, high = cumulative[rows, after - 1], cumulative[rows, after]
        with np.errstate(invalid="ignore", divide="ignore"):  # leads that never get there
            share = (half - low) / (high - low)
        days = self.ages[after - 1] + share * (self.ages[after] - self.ages[after - 1])
        return np.where(reached, days, np.nan)

    def predict(self, frame: Frame) -> Floats:
        """Log-odds of converting within the horizon, shape (rows,)."""
        return _log_odds(self.cumulative(frame)[:, self._within - 1])

    def explain(self, frame: Frame) -> Explanation:
        """What each feature contributes to those log-odds.

        Contributions to an interval's log factor count as much as the log-odds move with that factor, on average over
        the straight way from base to lead (Aumann and Shapley 1974; Sundararajan et al. 2017).
        """
        base = self.base_factors()[: self._within]
        weights = _path_weights(self.hazards[: self._within], base, self.log_factors(frame)[:, : self._within])
        start = _log_odds(np.array([self.hazards[: self._within] @ np.exp(base)]))
        return Explanation(self.weigh(frame, weights), float(start[0]))

    def explain_exactly(self, frame: Frame) -> Explanation:
        """Shapley values of a curve's log-odds are not worked out.

        Raises:
            NoExactReasonsError: always.
        """
        del frame
        raise NoExactReasonsError

    def save(self) -> Parts:
        """Ages, horizon and hazards of all leads as JSON; models add their own parts."""
        baseline = {"ages": self.ages.tolist(), "horizon_days": self.horizon_days, "hazards": self.hazards.tolist()}
        return {BASELINE: orjson.dumps(baseline)}

    @classmethod
    def load(cls, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved: its margins are the same to the last bit.

        Raises:
            KeyError, ValueError: if the parts are not what `save` gave.
        """
        del features  # models that need them say so
        baseline = orjson.loads(parts[BASELINE])
        return cls(np.array(baseline["ages"]), baseline["horizon_days"], np.array(baseline["hazards"]))


def _log_odds(cumulative: Floats) -> Floats:
    """Log-odds of `1 - exp(-cumulative)`, without overflow at either end."""
    return np.asarray(cumulative + np.log(-np.expm1(-cumulative)))


def _path_weights(hazards: Floats, base: Floats, factors: Floats) -> Floats:
    """How much the log-odds move with each log factor, averaged on the straight way from base. Shape of `factors`."""
    nodes, shares = np.polynomial.legendre.leggauss(NODES)
    weights = np.zeros(factors.shape)
    for node, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        each = hazards * np.exp(base + node * (factors - base))
        weights += share * each / -np.expm1(-each.sum(axis=1, keepdims=True))
    return weights
