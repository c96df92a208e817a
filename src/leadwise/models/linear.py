"""What linear models share: a design matrix, weights, and contributions that are exact by construction."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import orjson

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import TREND, Algorithm, Explanation, Group, Parts, counted, threads_for
from leadwise.models.arrays import dump_array, load_array
from leadwise.models.design_matrix import DesignMatrix
from leadwise.models.design_row import DesignRow
from leadwise.models.present import with_moment

FOLDS = 5


class LinearAlgorithm(Algorithm):
    """Margins are `intercept + matrix @ weights`; the matrix is centred, so the base is the intercept."""

    SETTINGS: ClassVar = {"knots": (5, 3, 7), **TREND}

    matrix: DesignMatrix
    weights: Floats
    intercept: float

    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """Fit weights of the design matrix, and see them as of now where they learnt how things change."""
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - heavy libraries load when used

        trend = self.settings["trend"]
        rows = with_moment(frame) if trend else frame
        self.matrix = DesignMatrix.fit(rows, target, knots=self.settings["knots"])
        columns, counts = self.matrix.transform(rows), counted(weight, len(target))
        with threadpool_limits(threads_for(columns)):
            self.weights, self.intercept = self._learn(columns, target, counts, seed=seed, group=group)
        if trend:
            self._settle(moment=len(frame.features))
        return self

    @abstractmethod
    def _learn(
        self, columns: Floats, target: Floats, counts: Floats, *, seed: int, group: Group | None
    ) -> tuple[Floats, float]:
        """Weights and intercept, under the penalty that does best on inner folds.

        Args:
            columns: The design matrix, shape (rows, columns).
            target: As for `fit`.
            counts: How much each row counts, shape (rows,).
            seed: Draws the folds.
            group: As for `fit`.
        """

    def _settle(self, moment: int) -> None:
        """Take the last feature, the newest moment in all rows to come, into the intercept."""
        self.matrix, taken, constants = self.matrix.at_present(moment)
        self.intercept += float(constants @ self.weights[taken])
        self.weights = self.weights[~taken]

    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""
        return self.intercept + self.matrix.transform(frame) @ self.weights

    def explain(self, frame: Frame) -> Explanation:
        """Each column's value times its weight, summed by feature."""
        by_column = self.matrix.transform(frame) * self.weights
        return Explanation(self.matrix.per_feature(by_column, len(frame.features)), self.intercept)

    @cached_property
    def _row(self) -> DesignRow:
        return DesignRow.of(self.matrix)

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row."""
        by_column = self._row.transform(frame.values[0]) * self.weights
        return Explanation(self._row.per_feature(by_column, len(frame.features)), self.intercept)

    def save(self) -> Parts:
        """The matrix as JSON, the weights as an array whose last entry is the intercept."""
        return {
            "matrix.json": orjson.dumps(self.matrix.to_json()),
            "weights.npy": dump_array(np.append(self.weights, self.intercept)),
        }

    @classmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        del features  # the design matrix knows its columns by position
        model = cls(task)
        weights = load_array(parts["weights.npy"])
        model.matrix = DesignMatrix.from_json(orjson.loads(parts["matrix.json"]))
        model.weights, model.intercept = weights[:-1], float(weights[-1])
        return model


def inner_folds(
    rows: int, seed: int, folds: int = FOLDS, group: Group | None = None
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """A fold number for each row, evenly spread, for choices that an algorithm makes by itself.

    Rows of one group share a fold.

    >>> inner_folds(6, seed=1, folds=3).tolist()
    [1, 0, 2, 1, 2, 0]
    """
    random = np.random.default_rng(seed)
    if group is None:
        return random.permutation(np.arange(rows) % folds)
    _, label = np.unique(group, return_inverse=True)
    return random.permutation(np.arange(label.max() + 1) % folds)[label]
