"""Linear hazards: one factor for all ages, whose logarithm is a sum over hinges and values."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import orjson

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import Parts, threads_for
from leadwise.models.arrays import dump_array, load_array
from leadwise.models.design_matrix import DesignMatrix
from leadwise.models.hazards.hazard_model import HazardModel
from leadwise.models.hazards.person_periods import PersonPeriods
from leadwise.models.linear import inner_folds

PENALTIES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
"""Strengths of the ridge that are tried, per conversion, against a standardised matrix."""
FOLDS = 3
STEPS = 100
TOLERANCE = 1e-6
MOST = 30.0
"""No step of the search may leave this range of log factors: e to the 30th is beyond all reason."""


class LinearHazards(HazardModel):
    """Proportional hazards with a ridge penalty, fitted as a Poisson regression of conversions on expected ones.

    The penalty is the one with the highest likelihood over three inner folds.

    Source: Cox 1972; Holford 1980 and Laird and Olivier 1981 for the Poisson form.

    >>> from leadwise.models.hazards.spans import Spans
    >>> visits = np.arange(200.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> spans = Spans(np.full(200, 20.0), visits[:, 0] % 10 < visits[:, 0] / 20)
    >>> model = LinearHazards(np.array([0.0, 7.0, 30.0]), 30.0).fit(frame, spans, seed=1)
    >>> bool(model.predict(frame)[199] > 0 > model.predict(frame)[0])
    True
    """

    name = "linear_hazards"

    matrix: DesignMatrix
    weights: Floats
    intercept: float

    def _learn(self, frame: Frame, periods: PersonPeriods, seed: int) -> None:
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - heavy libraries load when used

        expected, converted = periods.totals
        watched = np.flatnonzero(expected > 0)
        self.matrix = DesignMatrix.fit(frame.take(watched), converted[watched])
        columns = self.matrix.transform(frame.take(watched))
        with threadpool_limits(threads_for(columns)):
            penalty = _best_penalty(columns, expected[watched], converted[watched], seed)
            self.weights, self.intercept = _solve(columns, expected[watched], converted[watched], penalty)

    def log_factors(self, frame: Frame) -> Floats:
        """The same in all intervals."""
        return np.repeat(self._margin(frame)[:, None], len(self.hazards), axis=1)

    def _margin(self, frame: Frame) -> Floats:
        return np.asarray(self.intercept + self.matrix.transform(frame) @ self.weights)

    def base_factors(self) -> Floats:
        """The intercept: the matrix is centred."""
        return np.full(len(self.hazards), self.intercept)

    def weigh(self, frame: Frame, weights: Floats) -> Floats:
        """Each column's value times its weight, summed by feature."""
        by_column = self.matrix.transform(frame) * self.weights
        by_feature = self.matrix.per_feature(by_column, len(frame.features))
        return np.asarray(by_feature * weights.sum(axis=1, keepdims=True))

    def save(self) -> Parts:
        """The matrix as JSON, the weights as an array whose last entry is the intercept."""
        return super().save() | {
            "matrix.json": orjson.dumps(self.matrix.to_json()),
            "weights.npy": dump_array(np.append(self.weights, self.intercept)),
        }

    @classmethod
    def load(cls, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        model = super().load(features, parts)
        weights = load_array(parts["weights.npy"])
        model.matrix = DesignMatrix.from_json(orjson.loads(parts["matrix.json"]))
        model.weights, model.intercept = weights[:-1], float(weights[-1])
        return model


def _best_penalty(columns: Floats, expected: Floats, converted: Floats, seed: int) -> float:
    """The penalty with the lowest Poisson loss on rows that were not fitted."""
    fold = inner_folds(len(converted), seed, FOLDS)
    losses = np.zeros(len(PENALTIES))
    for held_out in range(fold.max() + 1):
        train = fold != held_out
        if not converted[train].any():
            return PENALTIES[0]
        for position, penalty in enumerate(PENALTIES):
            weights, intercept = _solve(columns[train], expected[train], converted[train], penalty)
            margin = columns[~train] @ weights + intercept
            losses[position] += float(expected[~train] @ np.exp(margin) - converted[~train] @ margin)
    return PENALTIES[int(losses.argmin())]


def _solve(columns: Floats, expected: Floats, converted: Floats, penalty: float) -> tuple[Floats, float]:
    """Weights and intercept that minimise the Poisson loss per conversion plus ridge."""
    from scipy.optimize import minimize  # noqa: PLC0415 - heavy libraries load when used

    conversions = max(float(converted.sum()), 1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, intercept = parameters[:-1], parameters[-1]
        margin = np.clip(columns @ weights + intercept, -MOST, MOST)
        rate = expected * np.exp(margin)
        pull = (rate - converted) / conversions
        value = (rate.sum() - converted @ margin) / conversions + 0.5 * penalty * weights @ weights
        return float(value), np.append(columns.T @ pull + penalty * weights, pull.sum())

    first = np.append(np.zeros(columns.shape[1]), np.log(conversions / expected.sum()))
    solution = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "gtol": TOLERANCE})
    return np.asarray(solution.x[:-1]), float(solution.x[-1])
