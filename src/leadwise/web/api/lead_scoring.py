"""The lead scoring service's own API (requirement 4): predictions for eleven features, and models by organisation."""

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from leadwise.domain.access import Caller, Role
from leadwise.domain.prediction import Prediction
from leadwise.web.api import metrics
from leadwise.web.api.asks import Service
from leadwise.web.api.body import FieldsUnusableError, answer, read_json, validated
from leadwise.web.api.contributions import FeatureContribution, feature_contributions
from leadwise.web.api.documenting import takes
from leadwise.web.api.errors import TooManyRowsError
from leadwise.web.api.guard import caller_of
from leadwise.web.api.organisations import organisation_of

TARGET = "converted"
"""What the blueprint `crm-leads` predicts."""
ACTIONS = {"A": "HIGH_PRIORITY", "B": "MEDIUM_PRIORITY", "C": "LOW_PRIORITY", "D": "NURTURE"}
"""`recommended_action` by grade."""
_CONTAINERS = frozenset({list, dict})
LIKELY = 0.5
"""From this probability on, `prediction` is 1."""
EXAMPLE = {
    "lead_source_score": 20,
    "response_time_minutes": 30,
    "inbound_messages_count": 5,
    "outbound_messages_count": 3,
    "appointments_count": 2,
    "has_property": 1,
    "property_price": 250000,
    "property_has_photos": 1,
    "engagement_rate": 1.67,
    "days_since_creation": 7,
    "market_activity_score": 55,
}


Plain = float | bool | str | None
_FEATURES = {"type": "object", "additionalProperties": {"type": ["number", "boolean", "string", "null"]}}
_LEADS = {
    "type": "array",
    "items": {
        "anyOf": [{"type": "object", "required": ["features"], "properties": {"features": _FEATURES}}, _FEATURES]
    },
    "examples": [[{"lead_id": "L-1", "features": EXAMPLE}]],
}


class PredictRequest(BaseModel):
    """One lead's features. Those that are missing count as unknown; others than the model's are named in `warnings`."""

    model_config = ConfigDict(extra="ignore")

    org_id: str = Field(default="", description="The organisation; without it, that of the key.")
    features: dict[str, Plain] = Field(description="Numbers, texts, true or false by name.", examples=[EXAMPLE])


class PredictAnswer(BaseModel):
    """What one lead is likely to do, and why."""

    prediction: int = Field(description=f"1 from a probability of {LIKELY} on, else 0.", examples=[1])
    conversion_probability: float = Field(examples=[0.8542])
    confidence: float = Field(
        description="1 less the width of the range that holds the share of such leads that convert four times of five; "
        "where it is not known, the larger of the probability and its complement.",
        examples=[0.92],
    )
    model_version: str = Field(examples=["72cf245e8871"])
    recommended_action: str = Field(
        description="HIGH_PRIORITY, MEDIUM_PRIORITY, LOW_PRIORITY or NURTURE: grades A to D.",
        examples=["HIGH_PRIORITY"],
    )
    feature_contributions: list[FeatureContribution] = Field(
        description="The strongest first. With `base_contribution` they add up to the log-odds of the probability."
    )
    base_contribution: float
    missing_features: list[str] = Field(description="What the model knows and was not given.")
    warnings: list[str]


class BatchRequest(BaseModel):
    """Several leads: each a set of features, or an object with `features` and, if wanted, `lead_id`."""

    model_config = ConfigDict(extra="ignore")

    org_id: str = ""
    leads: Annotated[list[dict[str, JsonValue]], WithJsonSchema(_LEADS)] = Field(
        description="Also understood as `features`, `instances` or `data`."
    )


class BatchAnswer(BaseModel):
    """The predictions in the order of the leads."""

    predictions: list[PredictAnswer]
    count: int
    model_version: str


def router(service: Service) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/api/v1", tags=["Lead scoring service"])

    @routes.post("/predict", response_model=PredictAnswer, openapi_extra=takes(PredictRequest))
    async def predict(request: Request) -> Response:
        """Say how likely one lead is to convert, and why."""
        started = perf_counter()
        body = await read_json(request)
        features = body.get("features")
        if not isinstance(features, dict) or not isinstance(body.get("org_id", ""), str):
            features = validated(PredictRequest, body).features
        check_features(features)
        organisation = organisation_of(_scoring(request), str(body.get("org_id", "")))
        (said,) = await service.predictions.score(organisation, TARGET, [features])
        metrics.predictions_of(said.model_version).inc()
        metrics.LATENCY.observe(perf_counter() - started)
        return answer(_answer(said))

    @routes.post("/predict/batch", response_model=BatchAnswer, openapi_extra=takes(BatchRequest))
    async def predict_batch(request: Request) -> Response:
        """Say it of several leads at once."""
        started = perf_counter()
        body = await read_json(request)
        leads, organisation = _leads_of(body)
        if len(leads) > service.limits.rows:
            raise TooManyRowsError(len(leads), service.limits.rows)
        rows = [_features(lead) for lead in leads]
        for at, row in enumerate(rows):
            check_features(row, f"leads/{at}")
        said = await service.predictions.score(organisation_of(_scoring(request), organisation), TARGET, rows)
        if said:
            metrics.predictions_of(said[0].model_version).inc(len(said))
        metrics.LATENCY.observe(perf_counter() - started)
        return await asyncio.to_thread(_batch_answer, said, leads)

    return routes


def check_features(features: Mapping[str, Any], where: str = "features") -> None:
    """See that features are numbers, texts, true or false, or null.

    Raises:
        FieldsUnusableError: naming those that are not.
    """
    wrong = [name for name, value in features.items() if type(value) in _CONTAINERS]
    if wrong:
        raise FieldsUnusableError(
            tuple(
                (
                    f"{where}.{name}: a number, a text, true or false is expected, not a list or an object.",
                    f"#/{where}/{name}",
                )
                for name in wrong
            )
        )


def _leads_of(body: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], str]:
    """The leads of a batch, whichever name they came under, and the organisation that it names."""
    leads = next((body[name] for name in ("leads", "features", "instances", "data") if name in body), None)
    organisation = body.get("org_id", "")
    if isinstance(leads, list) and all(type(lead) is dict for lead in leads) and isinstance(organisation, str):
        return leads, organisation
    batch = validated(BatchRequest, {**body, "leads": leads} if leads is not None else body)
    return list(batch.leads), batch.org_id


def _scoring(request: Request) -> Caller:
    return caller_of(request, Role.SCORE)


def _features(lead: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = lead.get("features")
    return inner if isinstance(inner, dict) else lead


def _answer(said: Prediction) -> dict[str, Any]:
    probability = said.probability or 0.0
    return {
        "prediction": int(probability >= LIKELY),
        "conversion_probability": probability,
        "confidence": _confidence(said, probability),
        "model_version": said.model_version,
        "recommended_action": ACTIONS[said.grade or "D"],
        "feature_contributions": feature_contributions(said),
        "base_contribution": said.base,
        "missing_features": said.missing,
        "warnings": _warnings(said.unknown, by_rules=said.by_rules),
    }


def _batch_answer(said: Sequence[Prediction], leads: Sequence[Mapping[str, Any]]) -> Response:
    predictions = [
        _answer(each) | ({"lead_id": lead["lead_id"]} if "lead_id" in lead else {})
        for each, lead in zip(said, leads, strict=True)
    ]
    version = said[0].model_version if said else ""
    return answer({"predictions": predictions, "count": len(said), "model_version": version})


def _confidence(said: Prediction, probability: float) -> float:
    if said.probability_low is None or said.probability_high is None:
        return max(probability, 1 - probability)
    return 1 - (said.probability_high - said.probability_low)


def _warnings(unknown: Sequence[str], *, by_rules: bool) -> list[str]:
    found = []
    if by_rules:
        found.append("No model can answer yet, so rules of common sense did; train one with POST /api/v1/model/train.")
    if unknown:
        found.append(f"The model does not know these features, which were ignored: {', '.join(unknown[:20])}.")
    return found
