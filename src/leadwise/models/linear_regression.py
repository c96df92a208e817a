"""Linear regression on hinges and one-hot values, with a ridge penalty."""

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats
from leadwise.models.algorithm import Group
from leadwise.models.linear import LinearAlgorithm, inner_folds

PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10000.0)


class LinearRegression(LinearAlgorithm):
    """An amount as a sum of one bent line per number and one weight per frequent value.

    The penalty is the one with the lowest squared error over five inner folds.

    Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 3.4.1.

    >>> from leadwise.domain.frame import Feature, Frame
    >>> rooms = np.arange(40.0).reshape(-1, 1)
    >>> model = LinearRegression(Task.VALUE).fit(Frame((Feature("rooms", "rooms"),), rooms), 3 * rooms[:, 0], seed=1)
    >>> bool(abs(model.predict(Frame((Feature("rooms", "rooms"),), np.array([[10.0]])))[0] - 30) < 1)
    True
    """

    name = "linear_regression"
    tasks = frozenset({Task.VALUE})

    def _learn(
        self, columns: Floats, target: Floats, counts: Floats, *, seed: int, group: Group | None
    ) -> tuple[Floats, float]:
        """The intercept is free: it is the mean, moved to where all columns are 0."""
        centre = counts @ columns / counts.sum()
        mean = float(np.average(target, weights=counts))
        penalty = _best_penalty(columns, target, counts, inner_folds(len(target), seed, group=group))
        weights = _solve(columns - centre, target - mean, counts, penalty)
        return weights, mean - float(centre @ weights)


def _best_penalty(columns: Floats, target: Floats, counts: Floats, fold: NDArray[np.intp]) -> float:
    """The penalty with the lowest squared error on rows that were not fitted."""
    errors = np.zeros(len(PENALTIES))
    for held_out in range(fold.max() + 1):
        train = fold != held_out
        centre = np.average(target[train], weights=counts[train]) if train.any() else 0.0
        for position, penalty in enumerate(PENALTIES):
            weights = _solve(columns[train], target[train] - centre, counts[train], penalty)
            errors[position] += counts[~train] @ (columns[~train] @ weights + centre - target[~train]) ** 2
    return PENALTIES[int(errors.argmin())]


def _solve(columns: Floats, target: Floats, counts: Floats, penalty: float) -> Floats:
    """Ridge weights by the normal equations; they exist for any penalty above 0."""
    from scipy.linalg import solve  # noqa: PLC0415

    if not columns.shape[1]:
        return np.zeros(0)
    counting = (columns * counts[:, None]).T
    gram = counting @ columns
    gram[np.diag_indices_from(gram)] += penalty
    return np.asarray(solve(gram, counting @ target, assume_a="pos"), dtype=np.float64)
