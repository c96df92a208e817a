"""The prediction service as a web application calls it (requirement 5): one address, names in camelCase."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from leadwise.domain.access import Role
from leadwise.web.api.asks import Service
from leadwise.web.api.body import answer, read_json, validated
from leadwise.web.api.documenting import takes
from leadwise.web.api.guard import caller_of
from leadwise.web.api.prediction import said_of, trained
from leadwise.web.api.prediction_answers import REFUSED, PredictionAnswer, TrainAnswer, WebRefusal
from leadwise.web.api.prediction_asks import Owner
from leadwise.web.api.prediction_bodies import NOBODY_IN_PARTICULAR, Fields, ModelTypeName, TrainBody, UserId
from leadwise.web.api.prediction_wording import tell

LEVELS = 5
"""Nothing that is asked or answered is nested deeper."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class LeadBody(BaseModel):
    """One lead. Its fields may be written in camelCase too."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)

    model_type: ModelTypeName
    user_id: UserId = NOBODY_IN_PARTICULAR
    lead_data: Fields


class CamelPredictionAnswer(PredictionAnswer):
    """What is said of one lead or customer."""

    model_config = ConfigDict(alias_generator=to_camel)


class CamelTrainBody(TrainBody):
    """A model to train."""

    model_config = ConfigDict(alias_generator=to_camel)


class CamelTrainAnswer(TrainAnswer):
    """The model that was trained."""

    model_config = ConfigDict(alias_generator=to_camel)


def router(service: Service) -> APIRouter:
    """Its routes."""
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": WebRefusal} for status in REFUSED}
    routes = APIRouter(prefix="/api/ml", tags=["Prediction service"], responses=refusals)

    @routes.post("/predict", response_model=CamelPredictionAnswer, openapi_extra=takes(LeadBody))
    async def predict(request: Request) -> Response:
        """Say what one lead or customer is likely to do or be worth, and why."""
        body = validated(LeadBody, await read_json(request))
        owner = Owner(caller_of(request, Role.SCORE), body.user_id)
        said = await said_of(service, owner, body.model_type, [in_snake_case(body.lead_data)])
        return answer(in_camel_case(tell(said, body.model_type, body.user_id)[0]))

    @routes.put("/predict", response_model=CamelTrainAnswer, openapi_extra=takes(CamelTrainBody))
    async def train(request: Request) -> Response:
        """Train a model, and wait until it answers."""
        body = in_snake_case(await read_json(request))
        return answer(in_camel_case(await trained(service, request, body)))

    return routes


def in_snake_case(document: Any) -> Any:
    """The document with its names in snake_case.

    >>> in_snake_case({"modelType": "lead_conversion", "leadData": {"leadScore": 85, "Company Size": 3}})
    {'model_type': 'lead_conversion', 'lead_data': {'lead_score': 85, 'Company Size': 3}}
    """
    return _renamed(document, lambda name: name if " " in name else _HUMP.sub("_", name).lower())


def in_camel_case(document: Any) -> Any:
    """The document with its names in camelCase.

    >>> in_camel_case({"metrics": {"roc_auc": 0.8}, "warnings": []})
    {'metrics': {'rocAuc': 0.8}, 'warnings': []}
    """
    return _renamed(document, to_camel)


def _renamed(document: Any, rename: Callable[[str], str], levels: int = LEVELS) -> Any:
    if isinstance(document, Mapping) and levels:
        return {rename(name): _renamed(value, rename, levels - 1) for name, value in document.items()}
    if isinstance(document, list | tuple) and levels:
        return [_renamed(value, rename, levels - 1) for value in document]
    return document
