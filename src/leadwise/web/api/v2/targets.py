"""Targets over HTTP."""

from fastapi import APIRouter, Response

from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.paging import whole
from leadwise.web.api.v2.routing import Reader, native_router, told
from leadwise.web.api.v2.shapes.models import TargetAnswer, TargetDetail
from leadwise.web.api.v2.shapes.words import Name, Page


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes, models = native_router(native, "Targets and models"), native.models

    @routes.get("/targets", response_model=Page[TargetAnswer])
    def list_targets(caller: Reader) -> Response:
        """List what can be predicted, and what scores for it; all on one page."""
        return told(whole(TargetAnswer, models.list_targets(caller.organisation)))

    @routes.get("/targets/{name}", response_model=TargetDetail)
    def get_target(caller: Reader, name: Name) -> Response:
        """Get one target with its words: fields, kinds of events, actions."""
        return told(models.get_target(caller.organisation, name))

    return routes
