"""What every request passes: its size and pace, who sends it, how long it takes, and the headers of its answer."""

import asyncio
import base64
import secrets
import time
from collections.abc import Callable, Collection
from itertools import count
from typing import TYPE_CHECKING

from starlette.requests import Request

from leadwise.domain.access import KEY_PREFIX, Caller, Role
from leadwise.domain.errors import LeadwiseError
from leadwise.web.api import metrics
from leadwise.web.api.asks import Callers, Limits
from leadwise.web.api.errors import BodyTooLargeError, BodyTooSlowError, KeyMissingError, KeyRefusedError
from leadwise.web.api.pace import Pace
from leadwise.web.headers import SECURITY_HEADERS
from leadwise.web.request_id import REQUEST_ID

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
SMALL_BODY = 16 * 1024
"""Bodies of so many bytes come in one piece or hold up nobody; to watch them would take as long as to read them."""
_LONGEST_ID = 128
_PROCESS, _numbers = secrets.token_hex(4), count(1)
"""Make the ids of requests: random for the process, counted within it."""
ANYONE = frozenset(Role)
Refuse = Callable[[Request, LeadwiseError], "ASGIApp"]
"""Gives the answer to a request that is turned away."""


def caller_of(request: Request, needed: Role) -> Caller:
    """Who sent the request, if they may do what needs this role.

    Raises:
        RoleMissingError: if they may not.
    """
    caller: Caller = request.scope["caller"]
    caller.check(needed)
    return caller


class Guard:
    """Turns away what is too large, too slow, too frequent or from nobody known; measures the rest.

    Args:
        app: What answers the rest.
        callers: Knows keys.
        limits: How large, how slow, how frequent.
        public: Paths that need no key.
        refuse: Answers those that are turned away.
    """

    def __init__(
        self, app: "ASGIApp", callers: Callers, limits: Limits, public: Collection[str], refuse: Refuse
    ) -> None:
        self._app = app
        self._callers = callers
        self._limits = limits
        self._public = frozenset(public)
        self._refuse = refuse
        self._pace = Pace(limits.requests_per_minute)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        answer = _Answer(send, _request_id(headers), self._pace)
        REQUEST_ID.set(answer.request_id)
        try:
            caller = scope["caller"] = await self._find_caller(scope["path"], headers)
            answer.pace_of = caller.key
            if self._pace.per_minute:
                self._pace.step(caller.key)
            await self._app(scope, self._bounded(headers, receive), answer.send)
        except LeadwiseError as error:  # from here or from reading the body; the rest is answered further in
            await self._refuse(Request(scope), error)(scope, receive, answer.send)
        finally:
            metrics.note_request(scope, answer.status, time.perf_counter() - started)

    async def _find_caller(self, path: str, headers: dict[bytes, bytes]) -> Caller:
        key = _key(headers)
        if not key:
            if self._callers.open:
                return Caller("default", ANYONE)
            if path in self._public:
                return Caller("")
            raise KeyMissingError
        found = self._callers.find_known(key) or await self._callers.find(key)
        if found is None:
            raise KeyRefusedError
        return found

    def _bounded(self, headers: dict[bytes, bytes], receive: "Receive") -> "Receive":
        """What receives the body; raises when it becomes too large or stops coming."""
        announced = int(headers.get(b"content-length", b"-1"))
        if 0 <= announced <= SMALL_BODY or (announced < 0 and b"transfer-encoding" not in headers):
            return receive
        limit, left = self._limits.body_bytes, self._limits.body_bytes
        if announced > limit:
            raise BodyTooLargeError(limit)
        more = True

        async def receive_bounded() -> "Message":
            nonlocal left, more
            if not more:  # what follows the body is news of the connection, which may take as long as it likes
                return await receive()
            try:
                async with asyncio.timeout(self._limits.seconds):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlowError(self._limits.seconds) from None
            left -= len(message.get("body", b""))
            more = message.get("more_body", False)
            if left < 0:
                raise BodyTooLargeError(limit)
            return message

        return receive_bounded


class _Answer:
    """Adds the headers that every answer carries, and remembers its status."""

    def __init__(self, send: "Send", request_id: str, pace: Pace) -> None:
        self._send = send
        self._pace = pace
        self.request_id = request_id
        self.pace_of: str | None = None
        self.status = 500

    async def send(self, message: "Message") -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = message["headers"] = list(message.get("headers", ()))
            names = {name for name, _ in own}
            own += [each for each in _HEADERS if each[0] not in names]
            own.append((b"x-request-id", self.request_id.encode()))
            if self.pace_of is not None and self._pace.per_minute:
                own += self._pace.headers(self.pace_of)
        await self._send(message)


def _request_id(headers: dict[bytes, bytes]) -> str:
    """The caller's own id of the request, if it is harmless; else a new one."""
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    if given and len(given) <= _LONGEST_ID and given.isascii() and given.replace("-", "").replace("_", "").isalnum():
        return given
    return f"{_PROCESS}-{next(_numbers):x}"


def _key(headers: dict[bytes, bytes]) -> str:
    """The key that a request carries, empty if none.

    A client that can set nothing but its base URL has the key in there, `http://lw_...@host`, and sends it as
    `Authorization: Basic`. Other names and passwords are meant for a proxy on the way and are no keys.
    """
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    given = headers.get(b"x-api-key", b"").decode("latin-1").strip()
    if given or scheme.lower() != "basic":
        return given
    return next((part for part in _decoded(token).split(":", 1) if part.startswith(f"{KEY_PREFIX}_")), "")


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token.strip(), validate=True).decode("latin-1")
    except ValueError:
        return ""
