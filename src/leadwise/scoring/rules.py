"""An answer where no model can give one: the rules of a blueprint, points for signs of interest."""

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime

from leadwise.blueprints.blueprint import Blueprint
from leadwise.blueprints.definition import Rule
from leadwise.domain.card import Task
from leadwise.domain.prediction import Contribution, Prediction
from leadwise.features.row_encoding import is_absent
from leadwise.scoring.requests import Row, fingerprint

USUAL_RATE = 0.1
"""Until outcomes say otherwise, one lead in ten converts, as in `models.heuristic`."""
POINTS_PER_NAT = 20.0
"""So many points make a lead e times as likely, in odds."""
LOWEST = {"A": 0.5, "B": 0.25, "C": 0.1, "D": 0.0}
"""The lowest probability of each grade."""


class RulesScorer:
    """Answers requests by a blueprint's rules; for values it knows none, and says nothing of the amount.

    >>> from leadwise.blueprints.blueprint import load_blueprint
    >>> scorer = RulesScorer(load_blueprint("crm-leads"))
    >>> keen = {"appointments_count": 2, "inbound_messages_count": 5}
    >>> [round(said.probability, 2) for said in scorer.predict([keen, {}], datetime.now())]
    [0.63, 0.1]
    """

    def __init__(self, blueprint: Blueprint) -> None:
        self._blueprint = blueprint
        digest = hashlib.sha256(repr(blueprint.rules).encode()).hexdigest()
        self._version = f"rules-{digest[:12]}"
        self._names = tuple(dict.fromkeys(rule.column for rule in blueprint.rules))

    @property
    def version(self) -> str:
        """The same rules have the same version."""
        return self._version

    def predict(self, rows: Sequence[Row], as_of: datetime) -> list[Prediction]:
        """A prediction for each row; base and contributions add up to its log-odds."""
        return [self._predict(row, as_of) for row in rows]

    def _predict(self, row: Row, as_of: datetime) -> Prediction:
        base = math.log(USUAL_RATE / (1 - USUAL_RATE))
        points = dict.fromkeys(self._names, 0)
        for rule in self._blueprint.rules:
            points[rule.column] += rule.points if _holds(rule, row) else 0
        contributions = [
            Contribution(column=name, value=_plain(row.get(name)), contribution=count / POINTS_PER_NAT)
            for name, count in points.items()
            if count
        ]
        contributions.sort(key=lambda each: -abs(each["contribution"]))
        margin = base + sum(each["contribution"] for each in contributions)
        probability = 1 / (1 + math.exp(-margin))
        grade = next(grade for grade, lowest in LOWEST.items() if probability >= lowest)
        conversion = self._blueprint.target.task is Task.CONVERSION
        return Prediction(
            task=self._blueprint.target.task,
            as_of=as_of,
            model_version=self._version,
            by_rules=True,
            probability=probability if conversion else None,
            probability_low=None,
            probability_high=None,
            value=None,
            value_low=None,
            value_high=None,
            grade=grade if conversion else None,
            action=getattr(self._blueprint.actions, grade),
            base=base if conversion else 0.0,
            contributions=contributions if conversion else (),
            missing=tuple(name for name in self._names if is_absent(row.get(name))),
            unknown=(),
            inputs=fingerprint(row),
        )


def _holds(rule: Rule, row: Row) -> bool:
    """Whether a rule holds for a value as callers write it: 1 for yes, "12" for 12."""
    value = row.get(rule.column)
    if isinstance(rule.equals, bool) and not isinstance(value, bool):
        value = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(
            str(value).lower().removesuffix(".0")
        )
    elif isinstance(value, str) and rule.equals is None:
        value = _number(value)
    return rule.holds(value)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _plain(value: object) -> float | bool | str | None:
    return value if isinstance(value, bool | int | float) else None
