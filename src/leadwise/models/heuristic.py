"""Rules that need no data: what a column's name says of the leads it describes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import orjson

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import Algorithm, Explanation, Group, Parts, counted
from leadwise.models.margins import logit
from leadwise.models.rules import Signal, find_signal

PRIOR_RATE, PRIOR_ROWS = 0.1, 10.0
"""Until outcomes say otherwise, one lead in ten converts; worth as much as ten rows."""
VALUE_PER_POINT = 0.25
"""A point moves an amount by this share of the mean."""


@dataclass(frozen=True)
class Rule:
    """What one feature adds, in points (log-odds).

    Args:
        index: The feature's position.
        points: What a clearly favourable number adds; an unfavourable one takes as much away.
        middle: The number that adds nothing.
        spread: How far from the middle a number is clear, on a log scale.
        by_code: What each code of a category adds.
        missing: What "not given" adds.
    """

    index: int
    points: float = 0.0
    middle: float = 0.0
    spread: float = 1.0
    by_code: tuple[float, ...] = ()
    missing: float = 0.0

    def apply(self, values: Floats) -> Floats:
        """Points for each value."""
        given = ~np.isnan(values)
        points = np.full(len(values), self.missing)
        if self.by_code:
            points[given] = np.array(self.by_code)[values[given].astype(np.int64)]
        else:
            points[given] = self.points * np.clip((_log(values[given]) - self.middle) / self.spread, -1, 1)
        return points

    def apply_to(self, value: float) -> float:
        """Points of one value: what `apply` gives, in a hundredth of the time."""
        if math.isnan(value):
            return self.missing
        if self.by_code:
            return self.by_code[int(value)]
        far = (math.copysign(math.log1p(abs(value)), value) - self.middle) / self.spread
        return self.points * min(max(far, -1.0), 1.0)


class Heuristic(Algorithm):
    """Points for signs of interest: visits, replies and referrals add, silence and refusals take away.

    Outcomes are used for the overall rate alone; so it works from the first lead on, and is the yardstick that a learnt
    model has to beat. Which words mean what is in `rules.py`.

    >>> frame = Frame((Feature("Visits", "Visits"),), np.array([[0.0], [2.0], [40.0]]))
    >>> model = Heuristic(Task.CONVERSION).fit(frame, np.zeros(0), seed=1)
    >>> model.predict(frame).round(2).tolist()
    [-2.53, -2.2, -1.7]
    """

    name = "heuristic"
    takes_preprocessing = False

    rules: tuple[Rule, ...] = ()
    base: float = 0.0
    unit: float = 1.0

    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """Find the signals; of the targets that are known (not NaN), and there may be none, only the mean is used."""
        del seed, group  # nothing is left to chance, and nothing chosen
        known = ~np.isnan(target)
        target, counts = target[known], counted(weight, len(target))[known]
        self.rules = tuple(
            _make_rule(index, feature, signal, frame.values[:, index])
            for index, feature in enumerate(frame.features)
            if (signal := find_signal(feature.source)) is not None
        )
        if self.task is Task.CONVERSION:
            won = float(counts @ target)
            rate = (won + PRIOR_RATE * PRIOR_ROWS) / (len(target) + PRIOR_ROWS)
            self.base = float(logit(np.array([rate]))[0])
        else:
            self.base = float(np.average(target, weights=counts)) if len(target) else 0.0
            self.unit = VALUE_PER_POINT * self.base
        return self

    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""
        return self.explain(frame).margins

    def explain(self, frame: Frame) -> Explanation:
        """The points themselves."""
        contributions = np.zeros(frame.values.shape)
        for rule in self.rules:
            contributions[:, rule.index] = self.unit * rule.apply(frame.values[:, rule.index])
        return Explanation(contributions, self.base)

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for one row."""
        contributions = np.zeros((1, len(frame.features)))
        values = frame.values[0].tolist()
        for rule in self.rules:
            contributions[0, rule.index] = self.unit * rule.apply_to(values[rule.index])
        return Explanation(contributions, self.base)

    def save(self) -> Parts:
        """The rules as JSON."""
        described = {"base": self.base, "unit": self.unit, "rules": [asdict(rule) for rule in self.rules]}
        return {"rules.json": orjson.dumps(described)}

    @classmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The model as it was when saved."""
        del features  # rules know their features by position
        model = cls(task)
        described = orjson.loads(parts["rules.json"])
        model.base, model.unit = described["base"], described["unit"]
        model.rules = tuple(_load_rule(rule) for rule in described["rules"])
        return model


def _load_rule(described: Mapping[str, Any]) -> Rule:
    return Rule(**{**described, "by_code": tuple(described["by_code"])})


def _log(values: Floats) -> Floats:
    """A scale on which ten more visits count less the more there are; keeps the sign."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)), dtype=np.float64)


def _make_rule(index: int, feature: Feature, signal: Signal, values: Floats) -> Rule:
    """The signal's rule for one feature; what is usual is taken from the values, never from outcomes."""
    if feature.is_category:
        by_code = tuple(signal.points_of_text(level) for level in feature.levels)
        return Rule(index, by_code=(*by_code, 0.0), missing=signal.missing)
    given = _log(values[~np.isnan(values)])
    middle = float(np.median(given)) if given.size else 0.0
    spread = float(np.abs(given - middle).max()) if given.size else 0.0
    typical_spread = 1.4826 * float(np.median(np.abs(given - middle))) if given.size else 0.0
    return Rule(index, signal.points, middle, typical_spread or spread or 1.0, missing=signal.missing)
