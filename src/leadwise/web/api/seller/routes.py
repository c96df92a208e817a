"""The routes of dialect C."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from leadwise.domain.access import Role
from leadwise.domain.clock import now
from leadwise.web.api.asks import Service
from leadwise.web.api.body import answer, read_json, validated
from leadwise.web.api.documenting import takes
from leadwise.web.api.guard import caller_of
from leadwise.web.api.seller.answers import PushAnswer, PushBody, SellerAnswer, page_document, push_document
from leadwise.web.api.seller.csv_file import write_csv
from leadwise.web.api.seller.pdf_file import write_pdf
from leadwise.web.api.seller.query import ExportQuery, SellerQuery, read_cursor
from leadwise.web.api.v2.idempotency import KeptAnswers, idempotent, read_key

PATH = "/api/predictions/seller"
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, "application/pdf": {}}, "description": "The file."}
}


def router(service: Service, answers: KeptAnswers) -> APIRouter:
    """Its routes; a push that comes twice with the same `Idempotency-Key` is done once."""
    routes = APIRouter(prefix=PATH, tags=["Likely sellers"], route_class=idempotent(answers))
    sellers = service.sellers

    @routes.get("", response_model=SellerAnswer)
    def likely_sellers(request: Request, query: Annotated[SellerQuery, Query()]) -> Response:
        """List the open properties, the likeliest to be sold first, with cohorts, attribution and coverage."""
        caller = caller_of(request, Role.READ)
        page = sellers.get_page(caller.organisation, query.to_filter(), query.limit, read_cursor(query.after))
        return answer(page_document(page, sellers.target))

    @routes.get("/export", response_class=Response, responses=FILES)
    def export(request: Request, query: Annotated[ExportQuery, Query()]) -> Response:
        """Give all properties that answer the filters as CSV, or a document about them as PDF."""
        caller = caller_of(request, Role.READ)
        wanted = query.to_filter()
        found = sellers.export(caller, wanted, query.format)
        headers = {"Content-Disposition": f'attachment; filename="likely-sellers-{now():%Y-%m-%d}.{query.format}"'}
        if query.format == "pdf":
            return Response(write_pdf(sellers.target, found, wanted), 200, headers, "application/pdf")
        lines = write_csv(sellers.target, found.pieces, mark=query.bom)
        return StreamingResponse(lines, 200, headers, "text/csv; charset=utf-8")

    @routes.post("/push", response_model=PushAnswer, openapi_extra=takes(PushBody))
    async def push(request: Request) -> Response:
        """Send properties to the CRM's webhook; without one, only count them."""
        caller = caller_of(request, Role.SCORE)
        body = validated(PushBody, await read_json(request))
        pushed = await sellers.push(caller, tuple(body.property_ids), body.campaign, read_key(request))
        return answer(push_document(pushed))

    return routes
