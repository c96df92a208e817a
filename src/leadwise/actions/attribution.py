"""Attribution: how far the model moves a lead, set against how far the rules of thumb would.

Both start somewhere and move: the model from its base, the rules from the usual rate. What counts is how far each moves
a lead, in log-odds and whatever the direction: its share of both distances is its weight, so that weights add up to 1.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

RULES_PREFIX = "rules-"
"""How versions of rules are called, where they answered in a model's place (`scoring.rules`)."""
_SURE = 1e-12


@dataclass(frozen=True)
class Attribution:
    """What moves a score, or many.

    Args:
        model: The model's weight, 0 to 1.
        heuristic: That of the blueprint's rules: 1 less the model's.
        model_log_odds: How far the model moved it from its base (of many: the mean distance, without sign).
        heuristic_log_odds: How far the rules would have moved it (of many: the mean distance, without sign).
    """

    model: float
    heuristic: float
    model_log_odds: float
    heuristic_log_odds: float


def attribute(probability: float, base: float, rules: float, *, by_rules: bool = False) -> Attribution:
    """The attribution of one score.

    Where neither moves it, the score is the model's alone; where rules answered for want of a model, theirs alone.

    Args:
        probability: The score.
        base: Where the model starts, in log-odds.
        rules: What the rules add, in log-odds.
        by_rules: Whether rules gave the score.

    >>> attribute(0.5, -1.5, 0.5)
    Attribution(model=0.75, heuristic=0.25, model_log_odds=1.5, heuristic_log_odds=0.5)
    """
    moved = _log_odds(probability) - base
    if by_rules:
        return Attribution(0.0, 1.0, 0.0, moved)
    weight = _weight(abs(moved), abs(rules))
    return Attribution(weight, 1 - weight, moved, rules)


def attribute_all(each: Iterable[Attribution]) -> Attribution | None:
    """The attribution of many scores in sum: leads that are moved far weigh more. None without any.

    >>> attribute_all([Attribution(1, 0, 3.0, 0.0), Attribution(0.5, 0.5, -0.5, 0.5)])
    Attribution(model=0.875, heuristic=0.125, model_log_odds=1.75, heuristic_log_odds=0.25)
    """
    distances = [(abs(one.model_log_odds), abs(one.heuristic_log_odds)) for one in each]
    if not distances:
        return None
    model, rules = (sum(column) for column in zip(*distances, strict=True))
    weight = _weight(model, rules)
    return Attribution(weight, 1 - weight, model / len(distances), rules / len(distances))


def _weight(model: float, rules: float) -> float:
    return model / (model + rules) if model + rules > 0 else 1.0


def _log_odds(probability: float) -> float:
    inside = min(max(probability, _SURE), 1 - _SURE)
    return math.log(inside / (1 - inside))
