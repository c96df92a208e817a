"""What the algorithms made of LightGBM trees share: data sets, text form, predictions and their contributions."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Self

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import ENOUGH_FOR_THREADS, THREADS, Explanation
from leadwise.models.paths import PathTable
from leadwise.models.present import at_present
from leadwise.models.tree_row import TreeRow
from leadwise.models.trees import Trees

Parameters = dict[str, Any]

REPEATABLE: Parameters = {
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "feature_pre_filter": False,
}
"""The same rows and seed give the same trees."""

CATEGORIES: Parameters = {
    "cat_smooth": 20.0,
    "cat_l2": 10.0,
    "max_cat_threshold": 32,
    "max_cat_to_onehot": 4,
    "min_data_per_group": 20,
}
"""Codes with many values are grouped with care, so that rare ones do not speak for themselves."""
PATIENCE = 30
"""Trees that may follow without a gain before growing stops."""


def category_positions(features: Sequence[Feature]) -> list[int]:
    """Positions of the features whose numbers are codes."""
    return [index for index, feature in enumerate(features) if feature.is_category]


def _matrix(frame: Frame) -> Floats:
    """The frame's values; LightGBM needs one column at least."""
    return frame.values if frame.features else np.zeros((len(frame), 1))


def make_dataset(frame: Frame, target: Floats, parameters: Parameters, weight: Floats | None) -> Any:
    """LightGBM's view of these rows, and of how much each counts."""
    import lightgbm  # noqa: PLC0415 - heavy libraries load when used

    return lightgbm.Dataset(
        _matrix(frame),
        label=target,
        weight=weight,
        params=parameters,
        categorical_feature=category_positions(frame.features),
        free_raw_data=False,
    )


def grow_trees(learnt: Any, held_out: Any, parameters: Parameters, most: int, patience: int = PATIENCE) -> Trees:
    """Trees, as many as do best on the rows held out.

    Args:
        learnt: The data set to grow on.
        held_out: The data set that says when to stop.
        parameters: LightGBM's.
        most: So many trees at most.
        patience: So many may follow without a gain before growing stops; they are cut off again.
    """
    import lightgbm  # noqa: PLC0415 - heavy libraries load when used

    stop = lightgbm.early_stopping(patience, verbose=False)
    trees = lightgbm.train(parameters, learnt, num_boost_round=most, valid_sets=[held_out], callbacks=[stop])
    return Trees(trees.model_to_string(num_iteration=trees.best_iteration))


ROWS_IN_CACHE = 512
"""Rows that are explained at once: their leaves, eight bytes for each row and tree, stay near the processor."""
PIECES_FOR_THREADS = 4
"""From so many such pieces on, threads pay: to begin them takes as long as to explain a group of requests."""


class Booster:
    """Grown trees, and what each of their leaves credits to which feature."""

    def __init__(self, trees: Trees, features: int) -> None:
        self.trees = trees
        self.features = features

    @classmethod
    def load(cls, content: bytes, features: int) -> Self:
        """The booster that `dump` wrote.

        Raises:
            ValueError: if it is no model of LightGBM.
        """
        try:
            return cls(Trees(content.decode("utf-8")), features)
        except ValueError as error:
            message = f"not a tree model: {error}"
            raise ValueError(message) from error

    def dump(self) -> bytes:
        """The trees as text."""
        return self.trees.text.encode("utf-8")

    def at_present(self) -> "Booster":
        """The booster without its last feature, which is the newest moment in all rows to come (`present.py`)."""
        return Booster(Trees(at_present(self.trees.text)), self.features - 1)

    @cached_property
    def paths(self) -> PathTable:
        """What each leaf credits to which feature."""
        return PathTable.of(self.trees, max(self.features, 1))

    def predict(self, frame: Frame) -> Floats:
        """The sum of the trees, shape (rows,)."""
        matrix = _matrix(frame)
        return self.trees.sums(matrix, self._threads(len(matrix)))

    def _threads(self, rows: int) -> int:
        """Threads that pay for so many rows: each goes through all trees."""
        return THREADS if rows * self.trees.count > ENOUGH_FOR_THREADS else 1

    def explain(self, frame: Frame) -> Explanation:
        """What each feature contributes to the sum of the trees."""
        matrix, table = _matrix(frame), self.paths
        contributions = np.empty((len(frame), self.features))

        def fill(start: int) -> None:
            rows = slice(start, start + ROWS_IN_CACHE)
            leaves = self.trees.leaves(matrix[rows], threads=1)
            contributions[rows] = table.explain(leaves).contributions[:, : self.features]

        starts = range(0, len(frame), ROWS_IN_CACHE)
        if len(starts) < PIECES_FOR_THREADS:
            for start in starts:
                fill(start)
        else:
            with ThreadPoolExecutor(THREADS) as pool:  # both libraries leave Python's lock while they work
                list(pool.map(fill, starts))
        return Explanation(contributions, table.base)

    def explain_exactly(self, frame: Frame) -> Explanation:
        """Shapley values of the sum of the trees, where an unknown feature sends a row down both ways of a split.

        As many rows go each way as in training ("path-dependent": Lundberg et al. 2020, algorithm 2).
        """
        matrix = _matrix(frame)
        threads = THREADS if len(frame) > 1 else 1
        values = self.trees.shapley_values(matrix, threads)
        return Explanation(values[:, : self.features], self.paths.base)

    @classmethod
    def row_of(cls, boosters: Sequence[Self]) -> TreeRow:
        """The boosters' sum, prepared for single rows."""
        features = max(boosters[0].features, 1)
        return TreeRow([booster.trees for booster in boosters], [booster.paths for booster in boosters], features)
