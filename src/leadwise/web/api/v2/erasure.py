"""Erasure over HTTP, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Response

from leadwise.web.api.documenting import takes
from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.routing import Admin, native_router, sent, told
from leadwise.web.api.v2.shapes.administration import ErasedAnswer, EraseRequest


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes = native_router(native, "Administration")

    @routes.post("/erasures", response_model=ErasedAnswer, openapi_extra=takes(EraseRequest))
    def erase(caller: Admin, wanted: Annotated[EraseRequest, sent(EraseRequest)]) -> Response:
        """Erase leads with all that is stored of them, everywhere, all or none.

        A lead that was erased before gives its receipt again.
        """
        names = [(lead.source, lead.external_id) for lead in wanted.leads]
        return told(native.administration.erase(caller, names))

    return routes
