"""Random forest: deep trees on random parts of the rows and features, averaged."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import orjson

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import TREND, Algorithm, Explanation, Group, Parts, Settings, threads_for
from leadwise.models.boosters import CATEGORIES, REPEATABLE, Booster, Parameters, make_dataset
from leadwise.models.margins import logit, rescale
from leadwise.models.present import with_moment
from leadwise.models.screening import screened
from leadwise.models.tree_row import TreeRow
from leadwise.models.trees import Trees

TREES = 200


class RandomForest(Algorithm):
    """The mean of many deep trees. For conversion the mean is a share of won leads, turned into log-odds.

    A share of 0 or 1 is drawn in by half a row, as no number of trees makes certain. Contributions are the path
    contributions of the mean (`paths.py`), stretched so that they add up in log-odds.

    Source: Breiman 2001, Random Forests.

    >>> from leadwise.domain.frame import Feature
    >>> visits = np.arange(200.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> model = RandomForest(Task.VALUE).fit(frame, visits[:, 0], seed=1)
    >>> bool(model.predict(frame)[199] > model.predict(frame)[0])
    True
    """

    name = "random_forest"
    SETTINGS: ClassVar = {"leaves": (63, 31, 127), "columns": (0.35, 0.2, 0.6), **TREND}

    booster: Booster
    """Gives the sum of the trees, not their mean."""
    mean: float
    """Of the targets; trees learn what differs from it."""
    closest: float
    """How near to 0 and 1 a share may come."""

    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """Grow the forest; targets are 0 and 1, or amounts."""
        import lightgbm  # noqa: PLC0415 - heavy libraries load when used

        del group  # nothing is chosen on rows that were held back
        frame = screened(with_moment(frame) if self.settings["trend"] else frame, target)
        parameters = _parameters(frame, seed, self.settings)
        self.mean = float(np.average(target, weights=weight))
        self.closest = 0.5 / (len(target) + 1)
        dataset = make_dataset(frame, target - self.mean, parameters, weight)
        grown = lightgbm.train(parameters, dataset, num_boost_round=TREES)
        self.booster = Booster(Trees(grown.model_to_string()), len(frame.features))
        if self.settings["trend"]:
            self.booster = self.booster.at_present()
        return self

    def _log_odds(self, share: Floats) -> Floats:
        return logit(np.clip(share, self.closest, 1 - self.closest))

    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""
        mean = self.mean + self.booster.predict(frame) / TREES
        return self._log_odds(mean) if self.task is Task.CONVERSION else mean

    def explain(self, frame: Frame) -> Explanation:
        """Path contributions of the mean, on the margins' scale."""
        return self._on_scale(self.booster.explain(frame))

    def explain_exactly(self, frame: Frame) -> Explanation:
        """Shapley values of the mean, which are exact as parts of a share; for conversion stretched as in `explain`."""
        return self._on_scale(self.booster.explain_exactly(frame))

    @cached_property
    def _row(self) -> TreeRow:
        return Booster.row_of([self.booster])

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row."""
        return self._on_scale(self._row.explain(frame.values[0]))

    def _on_scale(self, total: Explanation) -> Explanation:
        """The explanation of the margins, given that of the sum of the trees."""
        explanation = Explanation(total.contributions / TREES, self.mean + total.base / TREES)
        return rescale(explanation, self._log_odds) if self.task is Task.CONVERSION else explanation

    def save(self) -> Parts:
        """The trees as text, the rest as JSON."""
        return {
            "forest.txt": self.booster.dump(),
            "forest.json": orjson.dumps({"mean": self.mean, "closest": self.closest}),
        }

    @classmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        model = cls(task)
        model.booster = Booster.load(parts["forest.txt"], len(features))
        described = orjson.loads(parts["forest.json"])
        model.mean, model.closest = float(described["mean"]), float(described["closest"])
        return model


def _parameters(frame: Frame, seed: int, settings: Settings) -> Parameters:
    """Deep trees on two thirds of the rows, each split on a part of the features (a third by default)."""
    return {
        "num_threads": threads_for(frame.values),
        **REPEATABLE,
        **CATEGORIES,
        "objective": "regression",
        "boosting": "rf",
        "boost_from_average": False,  # with it, trees that cannot split pull the mean towards 0
        "num_leaves": settings["leaves"],
        "min_data_in_leaf": int(np.clip(len(frame) // 200, 3, 20)),
        "bagging_fraction": 0.632,
        "bagging_freq": 1,
        "feature_fraction_bynode": settings["columns"],
        "seed": seed,
    }
