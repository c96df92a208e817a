"""Trees over features and a lead's age, as they are at one age."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import threads_for
from leadwise.models.boosters import Booster, Parameters, category_positions, grow_trees
from leadwise.models.paths import PathTable
from leadwise.models.trees import Trees

MOST_TREES = 400
AGE = Feature("age", "age")
"""The number of the stage. It stands last, and takes part in splits, so that a feature may matter early or late."""


class AgedTrees(Booster):
    """A booster whose last feature is the lead's age, which is never given with the frame.

    For contributions each tree is taken as it is at an age, with splits on age decided beforehand. So age, which is the
    same for all leads, is credited with nothing.
    """

    def __init__(self, trees: Trees, features: int) -> None:
        super().__init__(trees, features)
        self._at: dict[int, PathTable] = {}

    @classmethod
    def grow(
        cls, frame: Frame, target: Floats, offset: Floats, train: NDArray[np.bool_], parameters: Parameters
    ) -> Self:
        """Poisson trees on top of an offset, stopped where the rows left out of training no longer gain.

        Args:
            frame: Features and age, one row per lead and stage.
            target: 1 where the lead converted in the stage, else 0.
            offset: Logarithm of the conversions that were expected anyway.
            train: The rows to grow on.
            parameters: LightGBM's.
        """
        import lightgbm  # noqa: PLC0415 - heavy libraries load when used

        def dataset(rows: NDArray[np.bool_], reference: Any = None) -> Any:
            return lightgbm.Dataset(
                frame.values[rows],
                label=target[rows],
                init_score=offset[rows],
                reference=reference,
                params=parameters,
                categorical_feature=category_positions(frame.features),
            )

        learnt = dataset(train)
        trees = grow_trees(learnt, dataset(~train, learnt), parameters, MOST_TREES)
        return cls(trees, len(frame.features))

    def predict_at(self, frame: Frame, stage: int) -> Floats:
        """The sum of the trees at an age, shape (rows,)."""
        return self.predict(with_age(frame, stage))

    def base_at(self, stage: int) -> float:
        """The sum of the trees' expected values at an age."""
        return self._paths_at(stage).base

    def contributions_at(self, frame: Frame, stage: int) -> Floats:
        """What each feature but age contributes to the sum of the trees at an age, shape (rows, features)."""
        matrix = with_age(frame, stage).values
        leaves = self.trees.leaves(matrix, threads_for(matrix))
        return self._paths_at(stage).explain(leaves).contributions[:, :-1]

    def _paths_at(self, stage: int) -> PathTable:
        if stage not in self._at:
            self._at[stage] = PathTable.of(self.trees, self.features, given={self.features - 1: float(stage)})
        return self._at[stage]


def with_age(frame: Frame, stage: NDArray[np.intp] | int) -> Frame:
    """The frame with the number of the stage as its last feature."""
    age = np.broadcast_to(np.asarray(stage, dtype=np.float64), len(frame))
    return Frame((*frame.features, AGE), np.column_stack([frame.values, age]))
