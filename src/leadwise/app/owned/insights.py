"""How an owner's model does: metrics, what it goes by, the data that it saw then and sees now, and grounds to train."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from leadwise.app.owned.listing import BESIDE_CARD, LISTED
from leadwise.app.owned.model_types import ModelType, get_model_type
from leadwise.app.owned.owners import target_of
from leadwise.app.owned.rows import STORED
from leadwise.domain.card import ModelCard
from leadwise.domain.clock import now
from leadwise.domain.errors import Missing
from leadwise.monitoring.stability import FEWEST, Shape, judge
from leadwise.monitoring.triggers import Trigger, by_hand, of_drift, of_performance, of_time, of_volume
from leadwise.store.database import Database
from leadwise.store.models import ModelRepository, StoredModel
from leadwise.store.request_scores import RequestScore, count_outcomes_since, recent_request_scores

RECENT = 2_000
"""So many of the newest predictions are held against training."""


class NoOwnedModelError(Missing):
    """The owner has no such model."""

    code = "no_owned_model"

    def __init__(self, model_type: str, user_id: str) -> None:
        super().__init__(f"There is no {model_type} model of {user_id[:60]!r}; train one with POST /train.")


def describe_model(database: Database, organisation: str, model_type: str, user_id: str) -> dict[str, Any]:
    """How the model that answers for an owner does.

    Raises:
        NoOwnedModelError: if there is none.
    """
    kind, target = get_model_type(model_type), target_of(model_type, user_id)
    with database.transaction(organisation) as connection:
        stored = ModelRepository(connection, organisation).find_active(target)
        if stored is None:
            raise NoOwnedModelError(model_type, user_id)
        beside = stored.card[BESIDE_CARD]
        trained_at = datetime.fromisoformat(beside["trained_at"])
        recent = recent_request_scores(connection, organisation, target, stored.version, RECENT)
        new = None
        if beside["told"]["trained_on"] == STORED:
            new = count_outcomes_since(connection, organisation, kind.blueprint.target.name, trained_at)
    return _insights(kind, stored, recent, trained_at, new)


def _insights(
    kind: ModelType, stored: StoredModel, recent: Sequence[RequestScore], trained_at: datetime, new: int | None
) -> dict[str, Any]:
    beside, card = stored.card[BESIDE_CARD], ModelCard.model_validate(stored.card)
    told = beside["told"]
    drift = _drift(beside["shapes"], recent)
    worst = max(
        (each["psi"] for each in [*drift["features"], drift["scores"]] if each["psi"] is not None), default=None
    )
    triggers = [
        of_performance(card),
        of_volume(new, card.data.rows),
        of_time(trained_at, now()),
        of_drift(judge(worst or 0.0, len(recent)), len(recent), worst),
        by_hand("POST /train"),
    ]
    return {
        **{name: told[name] for name in LISTED},
        "task": kind.task.value,
        "cross_validation": told["cross_validation"],
        "feature_importance": told["feature_importance"],
        "data_quality": beside["quality"],
        "recent_predictions": _recent(recent),
        "drift": drift,
        "retraining": {
            "recommended": any(trigger.state == "fired" for trigger in triggers),
            "triggers": [trigger.model_dump() for trigger in triggers],
        },
        "recommendations": _recommendations(triggers),
        "warnings": told["warnings"],
    }


def _drift(shapes: Mapping[str, Any], recent: Sequence[RequestScore]) -> dict[str, Any]:
    features = [
        {"feature": name, **_moved(Shape.model_validate(shape), [score.values.get(name) for score in recent])}
        for name, shape in shapes["columns"].items()
    ]
    features.sort(key=lambda each: -(each["psi"] or 0.0))
    scores = _moved(Shape.model_validate(shapes["scores"]), [score.score for score in recent])
    return {"rows": len(recent), "method": "population stability index", "scores": scores, "features": features}


def _moved(shape: Shape, values: Sequence[Any]) -> dict[str, Any]:
    psi = shape.psi(values) if len(values) >= FEWEST else None  # of fewer it would say nothing
    return {"psi": psi, "state": judge(psi or 0.0, len(values))}


def _recent(recent: Sequence[RequestScore]) -> dict[str, Any]:
    scores = [each.score for each in recent if each.score is not None]
    return {
        "count": len(recent),
        "mean": sum(scores) / len(scores) if scores else None,
        "newest": recent[0].recorded_at.isoformat() if recent else None,
        "oldest": recent[-1].recorded_at.isoformat() if recent else None,
    }


def _recommendations(triggers: Sequence[Trigger]) -> list[str]:
    fired = [trigger for trigger in triggers if trigger.state == "fired"]
    return [f"Train again ({trigger.name}): {trigger.sentence}" for trigger in fired] or ["Nothing needs to be done."]
