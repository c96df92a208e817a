"""Leads over HTTP."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from leadwise.web.api.documenting import takes
from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.paging import After, Limit, page, read_place
from leadwise.web.api.v2.routing import (
    PARTLY,
    PREFIX,
    Reader,
    Scorer,
    check_rows,
    json_answer,
    native_router,
    sent,
    told,
)
from leadwise.web.api.v2.shapes.records import BatchAnswer, LeadAnswer, LeadBatch, LeadContent, LeadRecord
from leadwise.web.api.v2.shapes.words import Name, Page


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes, records = native_router(native, "Leads, events, outcomes"), native.records

    @routes.post(
        "/leads",
        response_model=BatchAnswer,
        responses=PARTLY,
        openapi_extra=takes(LeadBatch),
    )
    def add_leads(caller: Scorer, batch: Annotated[LeadBatch, sent(LeadBatch)]) -> Response:
        """Store many leads. The same again, in any order, changes nothing; what changed is kept."""
        check_rows(native, len(batch.leads))
        found = records.add_leads(caller.organisation, batch.leads)
        return told(found, 207 if found.rejected else 200)

    @routes.get("/leads", response_model=Page[LeadAnswer])
    def list_leads(
        caller: Reader,
        limit: Limit = 100,
        after: After = None,
        source: Annotated[Name | None, Query(description="Only of this source.")] = None,
        entity: Annotated[Name | None, Query(description="Only of this kind.")] = None,
    ) -> Response:
        """List leads in the order in which they were stored."""
        place = read_place(after, int)
        found = page(limit, lambda most: records.list_leads(caller.organisation, most, place, source, entity))
        return json_answer(found)

    @routes.get("/leads/{source}/{external_id:path}", response_model=LeadAnswer)
    def get_lead(caller: Reader, source: Name, external_id: Name) -> Response:
        """Get one lead: how it arrived, and what is known of it now."""
        return told(records.get_lead(caller.organisation, (source, external_id)))

    @routes.put(
        "/leads/{source}/{external_id:path}",
        response_model=LeadAnswer,
        responses={201: {"model": LeadAnswer, "description": "The lead is new."}},
        openapi_extra=takes(LeadContent),
    )
    def put_lead(
        caller: Scorer, source: Name, external_id: Name, content: Annotated[LeadContent, sent(LeadContent)]
    ) -> Response:
        """Store one lead, or what another delivery says of it; fields that are left out are not spoken of."""
        record = LeadRecord(source=source, external_id=external_id, **dict(content))
        found, is_new = records.put_lead(caller.organisation, record)
        place = f"{PREFIX}/leads/{quote(source, safe='')}/{quote(external_id)}"
        return told(found, 201, {"Location": place}) if is_new else told(found)

    return routes
