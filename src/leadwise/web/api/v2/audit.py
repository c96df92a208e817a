"""The audit over HTTP, for administrators."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.paging import After, Limit, page, read_place
from leadwise.web.api.v2.routing import Admin, json_answer, native_router
from leadwise.web.api.v2.shapes.administration import AuditAnswer
from leadwise.web.api.v2.shapes.words import Page

Action = Literal["train", "activate", "roll_back", "prune", "export", "erase", "add_key", "rotate_key", "revoke_key"]


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes = native_router(native, "Administration")

    @routes.get("/audit", response_model=Page[AuditAnswer])
    def list_audit(
        caller: Admin,
        limit: Limit = 100,
        after: After = None,
        action: Annotated[Action | None, Query(description="Only this.")] = None,
    ) -> Response:
        """List who did what, the newest first."""
        place = read_place(after, int)
        listing = native.administration
        return json_answer(page(limit, lambda most: listing.list_audit(caller.organisation, most, place, action)))

    return routes
