"""Boosted hazards: trees that learn how far a lead's hazard differs from that of all leads, and at which ages."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import Parts, threads_for
from leadwise.models.boosters import CATEGORIES, REPEATABLE, Parameters
from leadwise.models.hazards.aged_trees import AgedTrees, with_age
from leadwise.models.hazards.hazard_model import BASELINE, HazardModel
from leadwise.models.hazards.person_periods import PersonPeriods
from leadwise.models.linear import inner_folds
from leadwise.models.screening import screened

STAGES = (3.0, 14.0, 45.0)
"""Ages, in days, from which on a lead's factor may be another one: its hazard changes faster than how leads differ."""
BAGS = 5
ENOUGH_FOR_LARGER_TREES = 1_000
"""Conversions that bear trees of eight leaves; with fewer, four err less on later leads."""


class BoostedHazards(HazardModel):
    """Poisson trees on one row per lead and stage, which start from the conversions expected of all leads alike.

    Stages join the intervals of age in which a lead's factor stays the same.

    Five bags, each of which leaves out a fifth of the leads; those say when to stop. A bag without a conversion has
    nothing to learn from, and is left out.

    Source: Friedman 1982 and Holford 1980 for hazards by intervals as Poisson counts; Ke et al. 2017, LightGBM.

    >>> from leadwise.models.hazards.spans import Spans
    >>> visits = np.arange(400.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> spans = Spans(np.full(400, 20.0), visits[:, 0] > 199)
    >>> model = BoostedHazards(np.array([0.0, 7.0, 30.0]), 30.0).fit(frame, spans, seed=1)
    >>> bool(model.predict(frame)[399] > 1), bool(model.predict(frame)[0] < -1)
    (True, True)
    """

    name = "boosted_hazards"

    def __init__(self, ages: Floats, horizon_days: float, hazards: Floats | None = None) -> None:
        super().__init__(ages, horizon_days, hazards)
        self.bags: list[AgedTrees] = []
        self._stage = np.searchsorted(STAGES, self.ages[:-1], side="right")

    def _learn(self, frame: Frame, periods: PersonPeriods, seed: int) -> None:
        by_stage = periods.joined(self._stage)
        lead, stage = np.nonzero(by_stage.expected > 0)
        offset = np.log(by_stage.expected[lead, stage])
        converted = by_stage.converted[lead, stage].astype(np.float64)
        rows = with_age(screened(frame, periods.totals[1]).take(lead), stage)
        fold = inner_folds(len(frame), seed, BAGS)[lead]
        parameters = _parameters(rows, int(converted.sum()), seed)
        self.bags = [
            AgedTrees.grow(rows, converted, offset, fold != bag, parameters)
            for bag in np.unique(fold)
            if converted[fold != bag].any()
        ]

    def log_factors(self, frame: Frame) -> Floats:
        """The mean of the bags."""
        factors = np.zeros((len(frame), len(STAGES) + 1))
        for bag in self.bags:
            for stage in np.unique(self._stage):
                factors[:, stage] += bag.predict_at(frame, int(stage)) / len(self.bags)
        return factors[:, self._stage]

    def base_factors(self) -> Floats:
        """The mean of the trees' expected values, at each age."""
        if not self.bags:
            return np.zeros(len(self.hazards))
        by_stage = [np.mean([bag.base_at(stage) for bag in self.bags]) for stage in range(len(STAGES) + 1)]
        return np.array(by_stage)[self._stage]

    def weigh(self, frame: Frame, weights: Floats) -> Floats:
        """Mean path contributions of the bags (`paths.py`)."""
        total, stages = np.zeros(frame.values.shape), self._stage[: weights.shape[1]]
        for stage in np.unique(stages):
            weight = weights[:, stages == stage].sum(axis=1, keepdims=True) / max(len(self.bags), 1)
            for bag in self.bags:
                total += weight * bag.contributions_at(frame, int(stage))
        return total

    def save(self) -> Parts:
        """One text per bag."""
        return super().save() | {f"bag-{number}.txt": bag.dump() for number, bag in enumerate(self.bags)}

    @classmethod
    def load(cls, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        model = super().load(features, parts)
        bags = len(parts.keys() - {BASELINE})
        model.bags = [AgedTrees.load(parts[f"bag-{number}.txt"], len(features) + 1) for number in range(bags)]
        return model


def _parameters(rows: Frame, conversions: int, seed: int) -> Parameters:
    return {
        "num_threads": threads_for(rows.values),
        **REPEATABLE,
        **CATEGORIES,
        "cat_smooth": 50.0,  # a lead stands in several rows, so a value needs more of them to speak for itself
        "objective": "poisson",
        "learning_rate": 0.05,
        "num_leaves": 4 if conversions < ENOUGH_FOR_LARGER_TREES else 8,
        "min_data_in_leaf": 20,
        "min_sum_hessian_in_leaf": 1.0,  # of conversions to be expected
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.7,
        "lambda_l2": 1.0,
        "seed": seed,
    }
