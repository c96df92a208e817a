"""The prediction service's own API (requirement 5): models that belong to users, of two types."""

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request, Response

from leadwise.domain.access import Role
from leadwise.web.api import metrics
from leadwise.web.api.asks import Service
from leadwise.web.api.body import answer, read_json, validated
from leadwise.web.api.documenting import takes
from leadwise.web.api.errors import TooManyRowsError
from leadwise.web.api.guard import caller_of
from leadwise.web.api.lead_scoring import check_features
from leadwise.web.api.prediction_answers import (
    REFUSED,
    InsightsAnswer,
    ModelsAnswer,
    PredictionAnswer,
    PredictionBatchAnswer,
    PreprocessAnswer,
    Refusal,
    TrainAnswer,
)
from leadwise.web.api.prediction_asks import Owner, Row, Said, TrainingRequest
from leadwise.web.api.prediction_bodies import (
    ModelTypeName,
    PredictBatchBody,
    PredictBody,
    PreprocessBody,
    PreprocessingConfig,
    TrainBody,
    TrainingConfig,
)
from leadwise.web.api.prediction_wording import tell


def router(service: Service) -> APIRouter:
    """Its routes."""
    routes = APIRouter(tags=["Prediction service"], responses={status: {"model": Refusal} for status in REFUSED})
    _add_predicting(routes, service)
    _add_training(routes, service)
    _add_telling(routes, service)
    return routes


def _add_predicting(routes: APIRouter, service: Service) -> None:
    @routes.post("/predict", response_model=PredictionAnswer, openapi_extra=takes(PredictBody))
    async def predict(request: Request) -> Response:
        """Say what one lead or customer is likely to do or be worth, and why."""
        body = validated(PredictBody, await read_json(request))
        owner = Owner(caller_of(request, Role.SCORE), body.user_id)
        said = await said_of(service, owner, body.model_type, [body.data])
        return answer(tell(said, body.model_type, body.user_id)[0])

    @routes.post("/predict/batch", response_model=PredictionBatchAnswer, openapi_extra=takes(PredictBatchBody))
    async def predict_batch(request: Request) -> Response:
        """Say it of several at once."""
        caller = caller_of(request, Role.SCORE)
        # In threads, as there may be thousands of rows, and others wait.
        body = await asyncio.to_thread(validated, PredictBatchBody, await read_json(request))
        said = await said_of(service, Owner(caller, body.user_id), body.model_type, body.data)
        return await asyncio.to_thread(_batch_answer, said, body)


def _add_training(routes: APIRouter, service: Service) -> None:
    @routes.post("/train", response_model=TrainAnswer, openapi_extra=takes(TrainBody))
    async def train(request: Request) -> Response:
        """Train a model, and wait until it answers."""
        body = await read_json(request)
        return answer(await trained(service, request, body))

    @routes.post("/preprocess", response_model=PreprocessAnswer, openapi_extra=takes(PreprocessBody))
    async def preprocess(request: Request) -> Response:
        """Preprocess rows as training would, and tell what they were like."""
        caller_of(request, Role.SCORE)
        body = await asyncio.to_thread(validated, PreprocessBody, await read_json(request))
        check_rows(service, body.data)
        given = body.model_type, body.data, _given(body.config), body.target_column
        return await asyncio.to_thread(lambda: answer(service.users_models.preprocess(*given)))


def _add_telling(routes: APIRouter, service: Service) -> None:
    @routes.get("/models/{user_id:path}", response_model=ModelsAnswer)
    async def models(request: Request, user_id: str) -> Response:
        """List a user's models, the newest first."""
        owner = Owner(caller_of(request, Role.READ), user_id)
        found = await service.users_models.list_models(owner)
        return answer({"user_id": user_id, "models": found, "count": len(found)})

    @routes.get("/insights/{user_id:path}/{model_type}", response_model=InsightsAnswer)
    async def insights(request: Request, user_id: str, model_type: ModelTypeName) -> Response:
        """Tell how the model that answers does, and whether it should be trained again."""
        owner = Owner(caller_of(request, Role.READ), user_id)
        return answer(await service.users_models.describe(owner, model_type))


async def said_of(service: Service, owner: Owner, model_type: str, rows: Sequence[Row]) -> Said:
    """What is said of rows, counted and timed.

    Raises:
        FieldsUnusableError, TooManyRowsError: if they are no rows of plain values, or too many.
    """
    started = perf_counter()
    check_rows(service, rows)
    said = await service.users_models.predict(owner, model_type, rows)
    if said.predictions:
        metrics.predictions_of(said.predictions[0].model_version).inc(len(rows))
    metrics.LATENCY.observe(perf_counter() - started)
    return said


async def trained(service: Service, request: Request, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is told of a training, with a warning of each name in its request that means nothing."""
    rows = given.get("training_data", given.get("data"))
    body = await asyncio.to_thread(validated, TrainBody, {**given, "training_data": rows})
    config = body.training_config
    if body.training_data is not None:
        check_rows(service, body.training_data, "training_data")
    asked = TrainingRequest(
        model_type=body.model_type,
        algorithm=body.algorithm,
        model_name=body.model_name or f"{body.model_type} by {body.algorithm}",
        features=tuple(config.features),
        preprocessing=_given(config.preprocessing),
        search=config.hyperparameter_search,
        search_trials=config.search_trials,
        budget_seconds=config.budget_seconds,
        rows=body.training_data,
        outcome=body.target_column,
        time_column=config.time_column,
    )
    owner = Owner(caller_of(request, Role.TRAIN), body.user_id)
    told = await service.users_models.train(owner, asked)
    return {**told, "warnings": [*told["warnings"], *_about_unknown(config), *_about_rows(body)]}


def check_rows(service: Service, rows: Sequence[Row], where: str = "data") -> None:
    """See that rows are not too many, and hold numbers, texts, true or false, or null alone.

    Raises:
        TooManyRowsError, FieldsUnusableError: if not.
    """
    if len(rows) > service.limits.rows:
        raise TooManyRowsError(len(rows), service.limits.rows)
    for at, row in enumerate(rows):
        check_features(row, f"{where}/{at}")


def _about_rows(body: TrainBody) -> list[str]:
    """What is said of rows where there are none."""
    if body.training_data is not None:
        return []
    said = {"target_column": body.target_column, "time_column": body.training_config.time_column}
    return [f"{name} speaks of training_data, and there was none." for name, value in said.items() if value is not None]


def _batch_answer(said: Said, body: PredictBatchBody) -> Response:
    predictions = tell(said, body.model_type, body.user_id)
    return answer(
        {
            "predictions": predictions,
            "count": len(predictions),
            "model_type": body.model_type,
            "user_id": body.user_id,
            "model_version": predictions[0]["model_version"] if predictions else "",
            "fallback": bool(said.fallback_reason),
        }
    )


def _given(config: PreprocessingConfig) -> dict[str, Any]:
    return config.model_dump(exclude_none=True)


def _about_unknown(config: TrainingConfig) -> list[str]:
    unknown = sorted(config.model_extra or {})[:20]
    return [f"training_config.{name[:60]} means nothing here and was ignored." for name in unknown]
