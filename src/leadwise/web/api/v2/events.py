"""Events over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from leadwise.web.api.documenting import takes
from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.paging import After, Limit, page, read_place
from leadwise.web.api.v2.routing import (
    PARTLY,
    OfExternalId,
    OfSource,
    Reader,
    Scorer,
    check_rows,
    json_answer,
    native_router,
    sent,
    told,
)
from leadwise.web.api.v2.shapes.records import BatchAnswer, EventAnswer, EventBatch
from leadwise.web.api.v2.shapes.words import Name, Page


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes, records = native_router(native, "Leads, events, outcomes"), native.records

    @routes.post(
        "/events",
        response_model=BatchAnswer,
        responses=PARTLY,
        openapi_extra=takes(EventBatch),
    )
    def add_events(caller: Scorer, batch: Annotated[EventBatch, sent(EventBatch)]) -> Response:
        """Store what happened to leads. The same again, in any order, is one; events of unknown leads are rejected."""
        check_rows(native, len(batch.events))
        found = records.add_events(caller.organisation, batch.events)
        return told(found, 207 if found.rejected else 200)

    @routes.get("/events", response_model=Page[EventAnswer])
    def list_events(
        caller: Reader,
        limit: Limit = 100,
        after: After = None,
        source: OfSource = None,
        external_id: OfExternalId = None,
        kind: Annotated[Name | None, Query(description="Only of this kind.")] = None,
    ) -> Response:
        """List events in the order of their identifiers."""
        place, lead = read_place(after, str, str), (source, external_id)
        return json_answer(page(limit, lambda most: records.list_events(caller.organisation, most, place, lead, kind)))

    return routes
