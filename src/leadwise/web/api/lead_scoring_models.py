"""The lead scoring service's own API (requirement 4): training, versions, and what matters to the model."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from leadwise.domain.access import Role
from leadwise.domain.card import ModelCard
from leadwise.domain.column import ColumnUse
from leadwise.domain.errors import Invalid
from leadwise.registry.versions import NoActiveModelError, Version
from leadwise.web.api.asks import Service
from leadwise.web.api.body import answer, read_json, validated
from leadwise.web.api.documenting import takes
from leadwise.web.api.guard import caller_of
from leadwise.web.api.lead_scoring import TARGET
from leadwise.web.api.organisations import organisation_of

LEAST_RECORDS = 100
MEASURED = ("precision", "recall", "f1_score", "roc_auc", "accuracy")
BUDGET_SECONDS = 30
"""How long the search for a model may take, since the caller waits for its end."""


class InsufficientDataError(Invalid):
    """There is too little history to learn from."""

    code = "too_few_records"
    status = 400

    def __init__(self, records: int) -> None:
        self.records = records
        super().__init__(
            f"Insufficient data: at least {LEAST_RECORDS} historical records are needed to train, but there are "
            f"{records}. A record is a lead of known outcome, or one older than the horizon of the prediction."
        )


class TrainRequest(BaseModel):
    """Whose model is to be trained."""

    model_config = ConfigDict(extra="ignore")

    org_id: str = Field(default="", examples=["default"])


class Figures(BaseModel):
    """How the model did on leads that it had not seen; null where that cannot be said."""

    precision: float | None
    recall: float | None
    f1_score: float | None
    roc_auc: float | None
    accuracy: float | None


class TrainAnswer(BaseModel):
    """What came of a training."""

    status: str = Field(examples=["success"])
    org_id: str
    version: str
    metrics: Figures
    training_data_size: int = Field(description="Rows that the model learnt from: each lead at several ages.")
    activated: bool = Field(description="Whether it answers from now on: only if it is better than the one before.")
    reasons: list[str] = Field(description="Why, in sentences.")


class InfoAnswer(BaseModel):
    """The model that answers."""

    org_id: str
    version: str
    activated_at: str = Field(examples=["2024-01-15T14:30:22Z"])
    metrics: Figures
    feature_names: list[str]
    training_data_size: int


class FeatureImportance(BaseModel):
    """How much a feature moves scores: its share of all that features move."""

    feature: str
    importance: float
    rank: int


class ImportanceAnswer(BaseModel):
    """The features of the model that answers, the most important first; their shares add up to 1."""

    features: list[FeatureImportance]
    model_version: str


class ListedVersion(BaseModel):
    """A version."""

    version: str
    is_active: bool
    created_at: str
    metrics: Figures


class VersionsAnswer(BaseModel):
    """All versions, the newest first."""

    versions: list[ListedVersion]


class RollbackRequest(BaseModel):
    """The version that is to answer again."""

    model_config = ConfigDict(extra="ignore")

    org_id: str = ""
    version: str = Field(min_length=1, examples=["72cf245e8871"])


class RollbackAnswer(BaseModel):
    """What answers from now on."""

    status: str
    org_id: str
    version: str
    message: str


def router(service: Service) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/api/v1/model", tags=["Lead scoring service"])
    _add_changes(routes, service)
    _add_views(routes, service)
    return routes


def _add_changes(routes: APIRouter, service: Service) -> None:
    """What lets another model answer."""

    @routes.post("/train", response_model=TrainAnswer, openapi_extra=takes(TrainRequest))
    async def train(request: Request) -> Response:
        """Train a model on all that is stored of an organisation's leads, and let it answer if it is better."""
        caller = caller_of(request, Role.TRAIN)
        asked = validated(TrainRequest, await read_json(request))
        organisation = organisation_of(caller, asked.org_id)
        records = await service.trainings.count_past_leads(organisation, TARGET)
        if records < LEAST_RECORDS:
            raise InsufficientDataError(records)
        wanted = {"budget_seconds": BUDGET_SECONDS, "must_improve": True}
        result = await service.trainings.train(organisation, TARGET, wanted, caller.name)
        return answer(_trained(organisation, result))

    @routes.post("/rollback", response_model=RollbackAnswer, openapi_extra=takes(RollbackRequest))
    async def roll_back(request: Request) -> Response:
        """Let an earlier version answer again."""
        caller = caller_of(request, Role.TRAIN)
        asked = validated(RollbackRequest, await read_json(request))
        organisation = organisation_of(caller, asked.org_id)
        await service.models.roll_back(organisation, TARGET, asked.version, caller.name)
        message = f"Successfully rolled back to version {asked.version}"
        return answer({"status": "success", "org_id": organisation, "version": asked.version, "message": message})


def _add_views(routes: APIRouter, service: Service) -> None:
    """What tells of models."""

    @routes.get("/info", response_model=InfoAnswer)
    def info(request: Request, org_id: str = "") -> Response:
        """Describe the model that answers."""
        organisation = organisation_of(caller_of(request, Role.READ), org_id)
        active = _active(service, organisation)
        return answer(
            {
                "org_id": organisation,
                "version": active.version,
                "activated_at": _instant(active.activated_at or active.recorded_at),
                "metrics": figures(active.card),
                "feature_names": _names(active.card),
                "training_data_size": active.card.data.rows,
            }
        )

    @routes.get("/feature-importance", response_model=ImportanceAnswer)
    def importance(request: Request, org_id: str = "") -> Response:
        """Say what matters to the model that answers, and how much."""
        active = _active(service, organisation_of(caller_of(request, Role.READ), org_id))
        return answer({"features": shares(active.card), "model_version": active.version})

    @routes.get("/versions", response_model=VersionsAnswer)
    def versions(request: Request, org_id: str = "") -> Response:
        """List all versions."""
        organisation = organisation_of(caller_of(request, Role.READ), org_id)
        listed = [
            {
                "version": each.version,
                "is_active": each.is_active,
                "created_at": _instant(each.recorded_at),
                "metrics": figures(each.card),
            }
            for each in service.models.list(organisation, TARGET)
        ]
        return answer({"versions": listed})


def figures(card: ModelCard) -> dict[str, float | None]:
    """The metrics of a card under the names that callers know."""
    test = card.test.model_dump()
    return {name: test.get(name.removesuffix("_score")) for name in MEASURED}


def shares(card: ModelCard) -> list[dict[str, Any]]:
    """The share of each feature in all that features move, the largest first."""
    moved = {effect.column: effect.importance for effect in card.effects}
    moved |= {name: 0.0 for name in _names(card) if name not in moved}
    total = sum(moved.values()) or 1.0
    order = sorted(moved, key=lambda name: (-moved[name], name))
    return [
        {"feature": name, "importance": moved[name] / total, "rank": rank} for rank, name in enumerate(order, start=1)
    ]


def _active(service: Service, organisation: str) -> Version:
    active = next((each for each in service.models.list(organisation, TARGET) if each.is_active), None)
    if active is None:
        raise NoActiveModelError(TARGET)
    return active


def _names(card: ModelCard) -> list[str]:
    return [column.name for column in card.columns if column.use is ColumnUse.FEATURE]


def _trained(organisation: str, result: Mapping[str, Any]) -> dict[str, Any]:
    found = result["metrics"]
    return {
        "status": "success",
        "org_id": organisation,
        "version": result["version"],
        "metrics": {name: found.get(name, found.get(name.removesuffix("_score"))) for name in MEASURED},
        "training_data_size": result["rows"],
        "activated": result["activated"],
        "reasons": [reason["sentence"] for reason in result["reasons"]],
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
