"""Feedback on scores over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from leadwise.web.api.documenting import takes
from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.paging import After, Limit, page, read_place
from leadwise.web.api.v2.routing import (
    PREFIX,
    OfExternalId,
    OfSource,
    Reader,
    Scorer,
    json_answer,
    native_router,
    sent,
    told,
)
from leadwise.web.api.v2.shapes.administration import FeedbackAnswer, FeedbackRequest
from leadwise.web.api.v2.shapes.words import Name, Page

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes, administration = native_router(native, "Feedback"), native.administration

    @routes.post("/feedback", status_code=201, response_model=FeedbackAnswer, openapi_extra=takes(FeedbackRequest))
    def add_feedback(caller: Scorer, given: Annotated[FeedbackRequest, sent(FeedbackRequest)]) -> Response:
        """Say whether a lead's score was right, and why not."""
        found = administration.add_feedback(caller, given)
        return told(found, 201, {"Location": f"{PREFIX}/feedback/{found.id}"})

    @routes.get("/feedback", response_model=Page[FeedbackAnswer])
    def list_feedback(
        caller: Reader,
        limit: Limit = 100,
        after: After = None,
        target: Annotated[Name | None, Query(description="Only on scores for this.")] = None,
        source: OfSource = None,
        external_id: OfExternalId = None,
    ) -> Response:
        """List feedback, the newest first."""
        place, lead = read_place(after, int), (source, external_id)
        found = page(limit, lambda most: administration.list_feedback(caller.organisation, most, place, target, lead))
        return json_answer(found)

    @routes.get("/feedback/{feedback}", response_model=FeedbackAnswer)
    def get_feedback(caller: Reader, feedback: Number) -> Response:
        """Get one feedback."""
        return told(administration.get_feedback(caller.organisation, feedback))

    return routes
