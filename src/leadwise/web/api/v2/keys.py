"""API keys over HTTP, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from leadwise.web.api.documenting import takes
from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.idempotency import hide_when_kept
from leadwise.web.api.v2.paging import whole
from leadwise.web.api.v2.routing import PREFIX, Admin, native_router, sent, told
from leadwise.web.api.v2.shapes.administration import KeyAnswer, KeyRequest, NewKeyAnswer, RotateRequest
from leadwise.web.api.v2.shapes.words import Name, Page


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes, administration = native_router(native, "Administration"), native.administration

    @routes.post("/keys", status_code=201, response_model=NewKeyAnswer, openapi_extra=takes(KeyRequest))
    def add_key(caller: Admin, request: Request, wanted: Annotated[KeyRequest, sent(KeyRequest)]) -> Response:
        """Make a key. Its text is shown this once."""
        return _made(request, administration.add_key(caller, wanted))

    @routes.get("/keys", response_model=Page[KeyAnswer])
    def list_keys(caller: Admin) -> Response:
        """List all keys without their secrets, revoked ones too, the newest first; all on one page."""
        return told(whole(KeyAnswer, administration.list_keys(caller.organisation)))

    @routes.get("/keys/{key}", response_model=KeyAnswer)
    def get_key(caller: Admin, key: Name) -> Response:
        """Get one key without its secret."""
        return told(administration.get_key(caller.organisation, key))

    @routes.post("/keys/{key}/rotate", status_code=201, response_model=NewKeyAnswer, openapi_extra=takes(RotateRequest))
    def rotate_key(
        caller: Admin, request: Request, key: Name, wanted: Annotated[RotateRequest, sent(RotateRequest)]
    ) -> Response:
        """Make a key with the name and roles of another one, which opens for some hours yet."""
        return _made(request, administration.rotate_key(caller, key, wanted.hours))

    @routes.delete("/keys/{key}", response_model=KeyAnswer)
    def revoke_key(caller: Admin, key: Name) -> Response:
        """Let a key open nothing any more; all processes follow within a second. Again changes nothing."""
        return told(administration.revoke_key(caller, key))

    return routes


def _made(request: Request, key: NewKeyAnswer) -> Response:
    hide_when_kept(request, key.model_copy(update={"key": None}).model_dump_json().encode())
    return told(key, 201, {"Location": f"{PREFIX}/keys/{key.id}"})
