"""The models of an owner, as they are listed."""

from typing import Any

from leadwise.app.owned.model_types import MODEL_TYPES
from leadwise.app.owned.owners import target_of
from leadwise.store.database import Database
from leadwise.store.models import ModelRepository, StoredModel

BESIDE_CARD = "owned"
"""Where, in the stored card's document, stands what the prediction service knows of a model besides its card."""
LISTED = (
    "model_id",
    "model_version",
    "model_name",
    "model_type",
    "user_id",
    "algorithm",
    "trained_at",
    "trained_on",
    "training_rows",
    "features",
    "metrics",
)


def list_models(database: Database, organisation: str, user_id: str) -> list[dict[str, Any]]:
    """All models of an owner, of both types, the newest first."""
    with database.transaction(organisation) as connection:
        models = ModelRepository(connection, organisation)
        found = [
            (stored.recorded_at, _listed(stored, models.find_active(target)))
            for target in (target_of(name, user_id) for name in MODEL_TYPES)
            for stored in models.list(target)
        ]
    return [listed for _, listed in sorted(found, key=lambda each: each[0], reverse=True)]


def _listed(stored: StoredModel, active: StoredModel | None) -> dict[str, Any]:
    told = stored.card[BESIDE_CARD]["told"]
    is_active = active is not None and active.version == stored.version
    return {
        **{name: told[name] for name in LISTED},
        "is_active": is_active,
        "stored_at": stored.recorded_at.isoformat(),
    }
