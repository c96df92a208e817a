"""Outcomes over HTTP."""

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
from leadwise.web.api.v2.shapes.records import BatchAnswer, OutcomeAnswer, OutcomeBatch
from leadwise.web.api.v2.shapes.words import Name, Page


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes, records = native_router(native, "Leads, events, outcomes"), native.records

    @routes.post(
        "/outcomes",
        response_model=BatchAnswer,
        responses=PARTLY,
        openapi_extra=takes(OutcomeBatch),
    )
    def add_outcomes(caller: Scorer, batch: Annotated[OutcomeBatch, sent(OutcomeBatch)]) -> Response:
        """Store how it ended for leads. The same again, in any order, is one."""
        check_rows(native, len(batch.outcomes))
        found = records.add_outcomes(caller.organisation, batch.outcomes)
        return told(found, 207 if found.rejected else 200)

    @routes.get("/outcomes", response_model=Page[OutcomeAnswer])
    def list_outcomes(
        caller: Reader,
        limit: Limit = 100,
        after: After = None,
        source: OfSource = None,
        external_id: OfExternalId = None,
        target: Annotated[Name | None, Query(description="Only for this target.")] = None,
    ) -> Response:
        """List outcomes in the order in which they were stored."""
        place, lead = read_place(after, int), (source, external_id)
        found = page(limit, lambda most: records.list_outcomes(caller.organisation, most, place, lead, target))
        return json_answer(found)

    return routes
