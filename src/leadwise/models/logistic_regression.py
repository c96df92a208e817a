"""Logistic regression on hinges and one-hot values, with a ridge penalty."""

import numpy as np

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats
from leadwise.models.algorithm import Group
from leadwise.models.linear import LinearAlgorithm, inner_folds
from leadwise.models.margins import log_losses, sigmoid

PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Strengths of the ridge that are tried, against the mean log loss of a standardised matrix."""
FOLDS = 3
ROWS_TO_CHOOSE_ON = 6_000
"""More rows than this do not change which penalty is best, only how long it takes to find out."""
STEPS = 100
TOLERANCE = 1e-4


class LogisticRegression(LinearAlgorithm):
    """A conversion's log-odds as a sum of one bent line per number and one weight per frequent value.

    The penalty is the one with the lowest log loss over three inner folds.

    Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, sections 4.4 and 5.2.

    >>> from leadwise.domain.frame import Feature, Frame
    >>> visits = np.arange(40.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> model = LogisticRegression(Task.CONVERSION).fit(frame, (visits[:, 0] > 20).astype(float), seed=1)
    >>> bool(model.predict(frame)[39] > model.predict(frame)[0])
    True
    """

    name = "logistic_regression"
    tasks = frozenset({Task.CONVERSION})

    def _learn(
        self, columns: Floats, target: Floats, counts: Floats, *, seed: int, group: Group | None
    ) -> tuple[Floats, float]:
        penalty = _choose_penalty(columns, target, counts, seed, group)
        return _solve(columns, target, counts, penalty)


def _choose_penalty(columns: Floats, target: Floats, counts: Floats, seed: int, group: Group | None) -> float:
    """The best penalty; on a part of many rows, and then weaker by as much as there are more."""
    rows = len(target)
    if rows <= ROWS_TO_CHOOSE_ON:
        return _best_penalty(columns, target, counts, seed, group)
    chosen = np.random.default_rng(seed).choice(rows, ROWS_TO_CHOOSE_ON, replace=False)
    part = group[chosen] if group is not None else None
    return _best_penalty(columns[chosen], target[chosen], counts[chosen], seed, part) * ROWS_TO_CHOOSE_ON / rows


def _best_penalty(columns: Floats, target: Floats, counts: Floats, seed: int, group: Group | None) -> float:
    """The penalty with the lowest log loss on rows that were not fitted; the strongest where folds lack an outcome."""
    fold = inner_folds(len(target), seed, FOLDS, group)
    losses = np.zeros(len(PENALTIES))
    for held_out in range(fold.max() + 1):
        train = fold != held_out
        if np.unique(target[train]).size < 2:  # noqa: PLR2004 - both outcomes
            return PENALTIES[0]
        start = None
        for position, penalty in enumerate(PENALTIES):
            start = _solve(columns[train], target[train], counts[train], penalty, start)
            margin = columns[~train] @ start[0] + start[1]
            losses[position] += counts[~train] @ log_losses(target[~train], margin)
    return PENALTIES[int(losses.argmin())]


def _solve(
    columns: Floats, target: Floats, counts: Floats, penalty: float, start: tuple[Floats, float] | None = None
) -> tuple[Floats, float]:
    """Weights and intercept that minimise mean log loss plus ridge; `start` speeds up the search."""
    from scipy.optimize import minimize  # noqa: PLC0415

    sign, share = np.where(target == 1, 1.0, -1.0), counts / counts.sum()

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, intercept = parameters[:-1], parameters[-1]
        margin = columns @ weights + intercept
        pull = share * (sigmoid(margin) - target)
        value = share @ np.logaddexp(0, -sign * margin) + 0.5 * penalty * weights @ weights
        return float(value), np.append(columns.T @ pull + penalty * weights, pull.sum())

    rate = np.clip(share @ target, 1e-6, 1 - 1e-6)
    first = np.append(np.zeros(columns.shape[1]), np.log(rate / (1 - rate))) if start is None else np.append(*start)
    solution = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "gtol": TOLERANCE})
    return np.asarray(solution.x[:-1]), float(solution.x[-1])
