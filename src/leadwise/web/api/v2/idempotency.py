"""`Idempotency-Key`: a POST that comes twice is done once (draft-ietf-httpapi-idempotency-key-header).

What was answered is kept for a day, for the caller that asked. A refusal is not kept: it changed nothing, and the same
request is judged anew.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import Request, Response
from fastapi.routing import APIRoute

from leadwise.domain.errors import Conflict, Invalid
from leadwise.domain.idempotency import KeptAnswer, Reservation

if TYPE_CHECKING:
    from leadwise.domain.access import Caller

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_PATTERN = '^"?[!#-~]([ !#-~]{0,253}[!#-~])?"?$'
"""One printable ASCII character or more, but quotes, which may stand around them."""
_TOKEN = re.compile(KEY_PATTERN)
_KEPT_HEADERS = ("content-type", "location", "etag")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class KeyUnusableError(Invalid):
    """The header holds no key."""

    code = "idempotency_key_unusable"

    def __init__(self) -> None:
        sentence = f'{HEADER}: a text of 1 to 255 printable ASCII characters is expected, such as "{"8c6f3c0e-5d0b"}".'
        self.errors = ((sentence, f"#/header/{HEADER}"),)
        super().__init__(sentence)


class KeyReusedError(Invalid):
    """The key came with another request before."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            f"A new {HEADER} is expected for each request, but this one came with another request before; send the "
            "same request with it, or choose another key."
        )


class InFlightError(Conflict):
    """The first request with the key is being worked on."""

    code = "idempotency_key_in_flight"
    headers = {"Retry-After": "1"}  # noqa: RUF012 - read by whoever answers, never changed

    def __init__(self) -> None:
        super().__init__(f"The request that came with this {HEADER} before is being worked on; ask again in a second.")


class KeptAnswers(Protocol):
    """Remembers answers by organisation and key."""

    def reserve(self, organisation: str, key: str, request: bytes) -> Reservation:
        """Take a key for a request."""

    def keep(self, organisation: str, key: str, answer: KeptAnswer) -> None:
        """Keep what was answered."""

    def give_back(self, organisation: str, key: str) -> None:
        """Forget that the key was taken."""


def idempotent(answers: KeptAnswers) -> type[APIRoute]:
    """The kind of route whose POSTs heed the header."""

    class IdempotentRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()
            if "POST" not in (self.methods or ()):
                return handle

            async def handle_once(request: Request) -> Response:
                key = read_key(request)
                return await handle(request) if key is None else await _once(answers, request, key, handle)

            return handle_once

    return IdempotentRoute


def hide_when_kept(request: Request, body: bytes) -> None:
    """Let this be kept as the answer in place of the real one, which holds a secret."""
    request.scope["kept_body"] = body


def read_key(request: Request) -> str | None:
    """The key of a request; None if it has none.

    Raises:
        KeyUnusableError: if the header holds no key.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not _TOKEN.fullmatch(given):
        raise KeyUnusableError
    return given.strip('"')


async def _once(answers: KeptAnswers, request: Request, key: str, handle: Handler) -> Response:
    caller: Caller = request.scope["caller"]
    whole = b"\0".join([caller.key.encode(), str(request.url).encode(), await request.body()])
    found = await asyncio.to_thread(answers.reserve, caller.organisation, key, whole)
    if not found.is_new:
        return _replay(found)
    kept = False
    try:
        response = await handle(request)
        body = request.scope.get("kept_body", response.body)
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        await asyncio.to_thread(
            answers.keep, caller.organisation, key, KeptAnswer(response.status_code, headers, bytes(body))
        )
        kept = True
        return response
    finally:
        if not kept:  # refused, or the client has gone: nothing was done
            await asyncio.shield(asyncio.to_thread(answers.give_back, caller.organisation, key))


def _replay(found: Reservation) -> Response:
    if not found.is_same:
        raise KeyReusedError
    if found.answer is None:
        raise InFlightError
    return Response(found.answer.body, found.answer.status, {**found.answer.headers, REPLAYED: "true"})
