"""Ensemble: a weighted sum of other algorithms' margins."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Self

import numpy as np
import orjson

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import Algorithm, Explanation, Group, Parts, Settings, side_by_side


@dataclass(frozen=True)
class Member:
    """One algorithm's part of the sum: `weight * (slope * margin + intercept)`.

    Args:
        name: The algorithm.
        weight: 0 to 1; those of all members add up to 1.
        slope: Calibrates its margins.
        intercept: Calibrates its margins.
        settings: Of the algorithm.
    """

    name: str
    weight: float
    slope: float = 1.0
    intercept: float = 0.0
    settings: Settings = field(default_factory=dict)


DEFAULT = {
    Task.CONVERSION: (Member("logistic_regression", 0.5), Member("gradient_boosting", 0.5)),
    Task.VALUE: (Member("linear_regression", 0.5), Member("gradient_boosting", 0.5)),
}


class Ensemble(Algorithm):
    """The members' calibrated margins, averaged by weight; so are their contributions, which therefore add up too.

    Weights are not learnt here: whoever has margins for rows that the members were not fitted on chooses them
    (`training/blending.py`).

    Args:
        task: Conversion or value.
        recipe: The members; None: two of different kinds, half each.

    Source: Wolpert 1992, Stacked Generalization; Breiman 1996, Stacked Regressions, for weights that add up to 1.

    >>> from leadwise.domain.frame import Feature
    >>> visits = np.arange(60.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> model = Ensemble(Task.CONVERSION).fit(frame, (visits[:, 0] > 30).astype(float), seed=1)
    >>> [member.name for member in model.recipe], bool(model.predict(frame)[59] > model.predict(frame)[0])
    (['logistic_regression', 'gradient_boosting'], True)
    """

    name = "ensemble"
    competes = False

    def __init__(self, task: Task, recipe: Sequence[Member] | None = None) -> None:
        super().__init__(task)
        self.recipe = tuple(recipe) if recipe is not None else DEFAULT[task]
        self.models: tuple[Algorithm, ...] = ()

    def unfitted(self) -> Self:
        """The same members, to be fitted anew."""
        return type(self)(self.task, self.recipe).with_models([model.unfitted() for model in self._members()])

    def resettled(self, settings: Settings) -> Self:
        """The same members, unfitted, each with these settings as far as it has them."""
        models = [model.resettled(settings) for model in self._members()]
        recipe = [replace(member, settings=model.settings) for member, model in zip(self.recipe, models, strict=True)]
        return type(self)(self.task, recipe).with_models(models)

    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """Fit each member."""
        given: dict[str, Any] = {"seed": seed, "group": group, "weight": weight}
        jobs = [partial(model.unfitted().fit, frame, target, **given) for model in self._members()]
        self.models = tuple(side_by_side(jobs, frame.values))
        return self

    def with_models(self, models: Sequence[Algorithm]) -> Self:
        """The ensemble of members that are fitted already, in the recipe's order."""
        self.models = tuple(models)
        return self

    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""
        return np.asarray(np.sum([self._weigh(member, model.predict(frame)) for member, model in self._both()], axis=0))

    def explain(self, frame: Frame) -> Explanation:
        """The members' contributions, weighted as their margins are."""
        return self._weigh_all(frame, [model.explain(frame) for model in self.models])

    def explain_exactly(self, frame: Frame) -> Explanation:
        """The members' Shapley values, weighted as their margins are: Shapley values of a sum are sums."""
        return self._weigh_all(frame, [model.explain_exactly(frame) for model in self.models])

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row, each member in its own quick way."""
        return self._weigh_all(frame, [model.explain_row(frame) for model in self.models])

    def _weigh_all(self, frame: Frame, explanations: Sequence[Explanation]) -> Explanation:
        contributions, base = np.zeros(frame.values.shape), 0.0
        for member, explanation in zip(self.recipe, explanations, strict=True):
            contributions += member.weight * member.slope * explanation.contributions
            base += float(self._weigh(member, np.array([explanation.base]))[0])
        return Explanation(contributions, base)

    def save(self) -> Parts:
        """The recipe as JSON, each member's parts under its number."""
        parts = {"recipe.json": orjson.dumps([asdict(member) for member in self.recipe])}
        for number, model in enumerate(self.models):
            parts |= {f"{number}/{name}": content for name, content in model.save().items()}
        return parts

    @classmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        ensemble = cls(task, [Member(**member) for member in orjson.loads(parts["recipe.json"])])
        kinds = cls._kinds()
        models = [
            kinds[member.name].load(task, features, _parts_of(number, parts)).with_settings(member.settings)
            for number, member in enumerate(ensemble.recipe)
        ]
        return ensemble.with_models(models)

    def _members(self) -> Sequence[Algorithm]:
        """The members; before any was fitted, those that the recipe names."""
        kinds = self._kinds()
        return self.models or [kinds[member.name](self.task, member.settings) for member in self.recipe]

    def _both(self) -> list[tuple[Member, Algorithm]]:
        return list(zip(self.recipe, self.models, strict=True))

    @staticmethod
    def _weigh(member: Member, margin: Floats) -> Floats:
        return member.weight * (member.slope * margin + member.intercept)

    @staticmethod
    def _kinds() -> Mapping[str, type[Algorithm]]:
        """What may be a member. Looked up late: the catalogue reads this file too."""
        from leadwise.models.catalogue import algorithms  # noqa: PLC0415

        return {name: algorithm for name, algorithm in algorithms().items() if name != Ensemble.name}


def _parts_of(number: int, parts: Mapping[str, bytes]) -> Parts:
    prefix = f"{number}/"
    return {name.removeprefix(prefix): content for name, content in parts.items() if name.startswith(prefix)}
