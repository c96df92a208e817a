"""What answers for owners' models where none can: rules in the names that callers use."""

from leadwise.app.owned.model_types import MODEL_TYPES, ModelType
from leadwise.blueprints.definition import Rule
from leadwise.domain.card import Task
from leadwise.scoring.requests import RequestScorer
from leadwise.scoring.rules import RulesScorer
from leadwise.scoring.spending import SpendingRule


def owners_rules() -> dict[str, RequestScorer]:
    """The rules of each type of model.

    >>> {name: scorer.version[:6] for name, scorer in owners_rules().items()}
    {'lead_conversion': 'rules-', 'customer_lifetime_value': 'rules-'}
    """
    return {name: _rules(model_type) for name, model_type in MODEL_TYPES.items()}


def _rules(model_type: ModelType) -> RequestScorer:
    blueprint = model_type.blueprint
    if model_type.task is Task.VALUE:
        return SpendingRule(blueprint.target.horizon_days, blueprint.actions.model_dump())
    rules = tuple(_rule(column, condition, points) for column, condition, points in model_type.plain_rules)
    return RulesScorer(blueprint.model_copy(update={"rules": rules}))


def _rule(column: str, condition: float | str, points: int) -> Rule:
    if isinstance(condition, str):
        return Rule(column=column, equals=condition, points=points)
    return Rule(column=column, at_least=condition, points=points)
