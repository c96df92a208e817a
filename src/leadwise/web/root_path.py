"""A path prefix under which a proxy offers the service: it is taken off requests, and put in front of addresses."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RootPath:
    """Lets an application answer below a prefix as if it were asked at the root.

    Requests without the prefix are answered too: probes may ask the service itself.

    Args:
        app: What answers.
        prefix: Such as "/leadwise".
    """

    def __init__(self, app: "ASGIApp", prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on without the prefix, and the answer back with the address that callers know."""

        async def send_with_prefix(message: "Message") -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "location" in headers:
                    headers["location"] = with_prefix(headers["location"], self._prefix)
            await send(message)

        if scope["type"] == "http" and scope["path"].startswith(f"{self._prefix}/"):
            scope = {**scope, "path": scope["path"].removeprefix(self._prefix)}
        await self._app(scope, receive, send_with_prefix)


def with_prefix(location: str, prefix: str) -> str:
    """An address of the service as callers behind the proxy know it.

    >>> with_prefix("/api/v2/jobs/7", "/leadwise")
    '/leadwise/api/v2/jobs/7'
    >>> with_prefix("https://leads.example.com/docs?x=1", "/leadwise")
    'https://leads.example.com/leadwise/docs?x=1'
    """
    parts = urlsplit(location)
    return parts._replace(path=prefix + parts.path).geturl()
