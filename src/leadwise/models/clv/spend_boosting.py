"""Trees that correct a forecast: what a customer's history says beyond frequency, recency and mean value."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadwise.domain.frame import Floats, Frame
from leadwise.models.boosters import REPEATABLE, Parameters, grow_trees
from leadwise.models.linear import inner_folds
from leadwise.models.trees import Trees

BAGS = 5
MOST_TREES = 400
PATIENCE = 20
"""Trees that may follow without a gain before growing stops."""
SMALLEST_FORECAST = 1e-6
PARAMETERS: Parameters = {
    **REPEATABLE,
    "num_threads": 1,
    "learning_rate": 0.04,
    "num_leaves": 6,
    "min_data_in_leaf": 30,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "seed": 0,
}
PURCHASES: Parameters = {"objective": "poisson"}
SPEND: Parameters = {"objective": "tweedie", "tweedie_variance_power": 1.5}
"""Money that is mostly 0 and else skewed: a Poisson number of gamma amounts (Jørgensen 1987)."""


@dataclass(frozen=True)
class ForecastBoosting:
    """Boosted trees that multiply a forecast; five bags, each stopped where the customers left out no longer gain.

    Source: Friedman 2001, Greedy Function Approximation, started from the logarithm of the forecast as its offset.

    >>> from leadwise.domain.frame import Feature
    >>> frame = Frame((Feature("late", "late"),), np.repeat([[0.0], [1.0]], 200, axis=0))
    >>> model = ForecastBoosting.fit(frame, np.repeat([2.0, 6.0], 200), np.full(400, 4.0), PURCHASES)
    >>> bool(model.factors(frame)[0] < 0.8), bool(model.factors(frame)[399] > 1.2)
    (True, True)
    """

    texts: tuple[str, ...]

    @classmethod
    def fit(cls, frame: Frame, target: Floats, forecast: Floats, objective: Parameters) -> Self:
        """Grow the bags.

        Args:
            frame: Histories.
            target: What followed, at least 0; shape (customers,).
            forecast: What was expected, at least 0.
            objective: `PURCHASES` or `SPEND`.
        """
        fold = inner_folds(len(target), 0, BAGS)
        return cls(tuple(_grow(frame, target, forecast, fold != bag, objective) for bag in range(BAGS)))

    def factors(self, frame: Frame) -> Floats:
        """What to multiply each customer's forecast by, shape (customers,)."""
        margins = [Trees(text).sums(frame.values, threads=1) for text in self.texts]
        return np.asarray(np.exp(np.mean(margins, axis=0)))


def _grow(frame: Frame, target: Floats, forecast: Floats, train: np.ndarray, objective: Parameters) -> str:
    """One bag's trees as text."""
    import lightgbm  # noqa: PLC0415 - heavy libraries load when used

    offset = np.log(np.maximum(forecast, SMALLEST_FORECAST))
    parameters = PARAMETERS | objective
    whole = lightgbm.Dataset(
        frame.values, label=target, init_score=offset, params=parameters, free_raw_data=False
    ).construct()
    learnt, held_out = whole.subset(np.flatnonzero(train)), whole.subset(np.flatnonzero(~train))
    return grow_trees(learnt, held_out, parameters, MOST_TREES, PATIENCE).text
