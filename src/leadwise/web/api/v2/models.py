"""Models over HTTP: training, versions, cards, activation, comparison."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from leadwise.domain.clock import now
from leadwise.web.api.documenting import takes
from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.jobs import begun
from leadwise.web.api.v2.paging import After, Limit, page, read_place
from leadwise.web.api.v2.routing import Reader, Responses, TargetName, Trainer, json_answer, native_router, sent, told
from leadwise.web.api.v2.shapes.jobs import JobAnswer
from leadwise.web.api.v2.shapes.models import (
    ActiveAnswer,
    ComparisonAnswer,
    InProductionAnswer,
    RollBackRequest,
    TrainModelRequest,
    VersionAnswer,
    VersionDetail,
)
from leadwise.web.api.v2.shapes.words import Instant, Name, Page

UNCHANGED: Responses = {304: {"description": "The card is the one that you have."}}


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes, models = native_router(native, "Targets and models"), native.models

    @routes.post("/models", status_code=202, response_model=JobAnswer, openapi_extra=takes(TrainModelRequest))
    def train(caller: Trainer, wanted: Annotated[TrainModelRequest, sent(TrainModelRequest)]) -> Response:
        """Train a model from what is stored. It scores from then on if nothing speaks against it; the job says."""
        return begun(native.jobs.train(caller, wanted))

    @routes.get("/models", response_model=Page[VersionAnswer])
    def list_versions(caller: Reader, target: TargetName, limit: Limit = 100, after: After = None) -> Response:
        """List the versions of a target's model, the newest first."""
        place = read_place(after, str, str)
        return json_answer(page(limit, lambda most: models.list_versions(caller.organisation, target, most, place)))

    @routes.get("/models/in-production", response_model=InProductionAnswer)
    def in_production(
        caller: Reader,
        target: TargetName,
        at: Annotated[Instant | None, Query(description="The instant, with its zone; left out: now.")] = None,
    ) -> Response:
        """Say which version scored at an instant."""
        return told(models.in_production(caller.organisation, target, at or now()))

    @routes.get("/models/comparison", response_model=ComparisonAnswer)
    def compare(
        caller: Reader,
        first: Annotated[Name, Query(description="A version, for instance the active one.")],
        second: Annotated[Name, Query(description="Another version for the same target.")],
    ) -> Response:
        """Compare two versions on the same leads: how good each is, and whom they see differently, and why."""
        return told(models.compare(caller.organisation, first, second))

    @routes.post("/models/roll-back", response_model=ActiveAnswer, openapi_extra=takes(RollBackRequest))
    def roll_back(caller: Trainer, wanted: Annotated[RollBackRequest, sent(RollBackRequest)]) -> Response:
        """Let an earlier version score again."""
        return told(models.roll_back(caller, wanted.target, wanted.to))

    @routes.get("/models/{version}", response_model=VersionDetail, responses=UNCHANGED)
    def get_version(
        caller: Reader,
        version: Name,
        if_none_match: Annotated[str | None, Header(description="An ETag that you have.")] = None,
    ) -> Response:
        """Get one version with its card."""
        body = models.get_version(caller.organisation, version).model_dump_json().encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if tag in _tags(if_none_match) or if_none_match == "*":
            return Response(status_code=304, headers={"ETag": tag})
        return json_answer(body, headers={"ETag": tag})

    @routes.post("/models/{version}/activate", response_model=ActiveAnswer)
    def activate(caller: Trainer, version: Name) -> Response:
        """Let a version score from now on; all processes follow within a second."""
        return told(models.activate(caller, version))

    return routes


def _tags(given: str | None) -> list[str]:
    return [each.strip().removeprefix("W/") for each in (given or "").split(",")]
