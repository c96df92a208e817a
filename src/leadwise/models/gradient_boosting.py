"""Gradient boosting: many small trees, each learning what the ones before it missed."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import TREND, Algorithm, Explanation, Group, Parts, Settings, threads_for
from leadwise.models.boosters import CATEGORIES, REPEATABLE, Booster, Parameters, grow_trees, make_dataset
from leadwise.models.linear import inner_folds
from leadwise.models.log_link import LogLink, are_skewed_amounts
from leadwise.models.margins import rescale
from leadwise.models.paths import mean_contributions
from leadwise.models.present import with_moment
from leadwise.models.screening import screened
from leadwise.models.tree_row import TreeRow
from leadwise.models.trees import Trees

BAGS = 5
MOST_TREES = 600
MANY_ROWS = 20_000
"""From so many rows on, trees are larger, and each split, not each tree, sees its own part of the columns."""
BY_ROWS = "by rows"
"""The size of trees that the number of rows bears."""
FEW_TREES, ENOUGH_TO_HOLD_OUT = 30, 40
"""Below this many rows a fifth of them cannot say when to stop, so the number of trees is fixed and small."""
OBJECTIVES: dict[Task, Parameters] = {Task.CONVERSION: {"objective": "binary"}, Task.VALUE: {"objective": "regression"}}
USUAL, TWEEDIE = "usual", "tweedie"
TWEEDIE_OBJECTIVE: Parameters = {"objective": "tweedie", "tweedie_variance_power": 1.5}
LINK = "link.json"


class GradientBoosting(Algorithm):
    """Small trees, learnt slowly, five times over: each bag leaves out a fifth of the rows, which says when to stop.

    Margins are the mean of the bags' margins, contributions the mean of their path contributions (`paths.py`).

    The usual loss is log loss, or squared error of amounts. For amounts with many zeros and a long tail there is the
    Tweedie deviance too (a Poisson number of gamma amounts), on a logarithmic scale; contributions are stretched so
    that they add up to the amount (`margins.rescale`).

    Source: Friedman 2001, Greedy Function Approximation; Ke et al. 2017, LightGBM; bagging of folds as in
    Parmanto et al. 1996; Jorgensen 1987, Exponential dispersion models, for the Tweedie deviance.

    >>> from leadwise.domain.frame import Feature
    >>> visits = np.arange(200.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> model = GradientBoosting(Task.CONVERSION).fit(frame, (visits[:, 0] > 99).astype(float), seed=1)
    >>> bool(model.predict(frame)[199] > 1), bool(model.predict(frame)[0] < -1)
    (True, True)
    """

    name = "gradient_boosting"

    SETTINGS: ClassVar = {
        "learning_rate": (0.08, 0.04, 0.15),
        "leaves": (BY_ROWS, 4, 8, 16, 32),
        "columns": (0.5, 0.8),
        "bags": (BAGS,),
        **TREND,
        "loss": (USUAL,),
    }
    extra_trees: ClassVar = False
    """Whether each split takes a threshold drawn at random instead of the best one."""

    def __init__(self, task: Task, settings: Settings | None = None) -> None:
        super().__init__(task, settings)
        self.boosters: list[Booster] = []
        self.link: LogLink | None = None

    @classmethod
    def alternatives(cls, task: Task, target: Floats) -> tuple[Settings, ...]:
        """The Tweedie deviance, where amounts are skewed."""
        return ({"loss": TWEEDIE},) if task is Task.VALUE and are_skewed_amounts(target) else ()

    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """Grow the bags; targets are 0 and 1, or amounts."""
        frame = screened(with_moment(frame) if self.settings["trend"] else frame, target)
        self.link = LogLink.fit(target) if self._on_log_scale(target) else None
        target = target / self.link.unit if self.link else target
        parameters = self._parameters(frame, seed)
        if len(target) < ENOUGH_TO_HOLD_OUT:
            trees = [_grow_few(make_dataset(frame, target, parameters, weight), parameters)]
        else:
            fold = inner_folds(len(target), seed, self.settings["bags"], group)
            whole = make_dataset(frame, target, parameters, weight)
            trees = [_grow(whole, fold != bag, parameters) for bag in range(fold.max() + 1)]
        self.boosters = [Booster(each, len(frame.features)) for each in trees]
        if self.settings["trend"]:
            self.boosters = [booster.at_present() for booster in self.boosters]
        return self

    def _on_log_scale(self, target: Floats) -> bool:
        """Whether the Tweedie deviance is asked for, and these amounts have one."""
        return bool(self.settings["loss"] == TWEEDIE and target.min() >= 0 and target.max() > 0)

    def _parameters(self, frame: Frame, seed: int) -> Parameters:
        rows, leaves = len(frame), self.settings["leaves"]
        many = rows >= MANY_ROWS
        if leaves == BY_ROWS:
            leaves = 31 if many else 8
        return {
            "num_threads": threads_for(frame.values),
            **REPEATABLE,
            **CATEGORIES,
            **(TWEEDIE_OBJECTIVE if self.link else OBJECTIVES[self.task]),
            "learning_rate": self.settings["learning_rate"],
            "num_leaves": leaves,
            "min_data_in_leaf": int(np.clip(rows // 100, 5, 20)),
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "feature_fraction_bynode" if many else "feature_fraction": self.settings["columns"],
            "lambda_l2": 1.0,
            "extra_trees": self.extra_trees,
            "seed": seed,
        }

    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""
        scores = np.asarray(np.mean([booster.predict(frame) for booster in self.boosters], axis=0))
        return self.link(scores) if self.link else scores

    def explain(self, frame: Frame) -> Explanation:
        """Mean path contributions of the bags."""
        return self._rescaled(mean_contributions([booster.explain(frame) for booster in self.boosters]))

    def explain_exactly(self, frame: Frame) -> Explanation:
        """Mean Shapley values of the bags: those of their mean (on its logarithmic scale, where there is one)."""
        return self._rescaled(mean_contributions([booster.explain_exactly(frame) for booster in self.boosters]))

    def _rescaled(self, explanation: Explanation) -> Explanation:
        return rescale(explanation, self.link) if self.link else explanation

    @cached_property
    def _row(self) -> TreeRow:
        return Booster.row_of(self.boosters)

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row, all bags in one sum."""
        total = self._row.explain(frame.values[0])
        return self._rescaled(Explanation(total.contributions / len(self.boosters), total.base / len(self.boosters)))

    def save(self) -> Parts:
        """One text per bag, and the link where there is one."""
        link = {LINK: orjson.dumps(self.link.to_json())} if self.link else {}
        return {f"bag-{bag}.txt": booster.dump() for bag, booster in enumerate(self.boosters)} | link

    @classmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        model = cls(task)
        if LINK in parts:
            model.link = LogLink.from_json(orjson.loads(parts[LINK]))
        bags = len(parts) - (LINK in parts)
        model.boosters = [Booster.load(parts[f"bag-{bag}.txt"], len(features)) for bag in range(bags)]
        return model


def _grow_few(whole: Any, parameters: Parameters) -> Trees:
    """A few trees on all rows."""
    import lightgbm  # noqa: PLC0415 - heavy libraries load when used

    return Trees(lightgbm.train(parameters, whole, num_boost_round=FEW_TREES).model_to_string())


def _grow(whole: Any, train: NDArray[np.bool_], parameters: Parameters) -> Trees:
    """One bag's trees, stopped where the rows left out of it no longer gain."""
    learnt, held_out = whole.subset(np.flatnonzero(train)), whole.subset(np.flatnonzero(~train))
    return grow_trees(learnt, held_out, parameters, MOST_TREES)
