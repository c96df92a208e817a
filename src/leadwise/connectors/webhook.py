"""A webhook: JSON documents to an address of the operator's, tried again while it is away, its answers never shown.

Headers are those of Standard Webhooks 1.0.0: `webhook-id` is the same in all tries of a document, so that whoever
receives one twice can tell; `Idempotency-Key` says the same to receivers that know it by that name
(draft-ietf-httpapi-idempotency-key-header). The address is a setting, and so it is trusted: it may well be an
internal one.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from leadwise.domain.errors import Invalid

if TYPE_CHECKING:
    import httpx

TAKEN = range(200, 300)
TRY_AGAIN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)})
_log = logging.getLogger(__name__)


class WebhookUrlError(Invalid):
    """The webhook's address is none. It may hold a secret, so it is not repeated."""

    code = "webhook_url_unusable"

    def __init__(self) -> None:
        super().__init__(
            "The webhook's address should be a URL that begins with http:// or https:// and names a host; "
            "correct CRM_SELLER_WEBHOOK_URL."
        )


@dataclass(frozen=True)
class Patience:
    """How long a webhook is waited for.

    Args:
        tries: How often a document is sent at most.
        try_seconds: How long one answer may take.
        wait_seconds: Before the second try; twice as long before each further one.
        longest_wait_seconds: Whatever the webhook asks for by Retry-After.
    """

    tries: int = 4
    try_seconds: float = 10.0
    wait_seconds: float = 0.5
    longest_wait_seconds: float = 5.0


@dataclass(frozen=True)
class Delivery:
    """How the sending of a document ended.

    Args:
        delivered: Whether the webhook took it: a status of 200 to 299.
        status: Its last status; None where it did not answer.
        tries: How often it was sent.
    """

    delivered: bool
    status: int | None
    tries: int


@dataclass(frozen=True)
class Webhook:
    """Where documents are sent.

    Args:
        url: The address; it may hold a secret.
        token: Sent as a bearer token; empty: none.
        patience: How long it is waited for.

    Raises:
        WebhookUrlError: if the address is none.

    >>> Webhook("crm.example.com")
    Traceback (most recent call last):
    leadwise.connectors.webhook.WebhookUrlError: The webhook's address should be a URL that begins with http:// ...
    """

    url: str = field(repr=False)
    token: str = field(default="", repr=False)
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        import httpx  # noqa: PLC0415 - heavy libraries load when used

        try:
            parsed = httpx.URL(self.url)
        except httpx.InvalidURL:
            raise WebhookUrlError from None
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise WebhookUrlError

    async def send(self, document: object, delivery_id: str) -> Delivery:
        """Send a document; try again while the webhook is away, overloaded or broken. Redirects are not followed.

        Args:
            document: What JSON can hold.
            delivery_id: Names it, in all tries.
        """
        import httpx  # noqa: PLC0415

        body = orjson.dumps(document)
        wait, status = self.patience.wait_seconds, None
        async with httpx.AsyncClient(follow_redirects=False, timeout=self.patience.try_seconds) as client:
            for tried in range(1, self.patience.tries + 1):
                status, asked = await self._try(client, body, delivery_id)
                if status is not None and status not in TRY_AGAIN:
                    return Delivery(status in TAKEN, status, tried)
                _log.warning("A webhook did not take a document (%s), in try %d.", status or "no answer", tried)
                if tried < self.patience.tries:
                    await asyncio.sleep(min(max(wait, asked), self.patience.longest_wait_seconds))
                    wait *= 2
        return Delivery(delivered=False, status=status, tries=self.patience.tries)

    async def _try(self, client: "httpx.AsyncClient", body: bytes, delivery_id: str) -> tuple[int | None, float]:
        """The status, None without an answer; and how many seconds to wait, as the webhook asks."""
        import httpx  # noqa: PLC0415

        headers = {
            "Content-Type": "application/json",
            "webhook-id": delivery_id,
            "Idempotency-Key": delivery_id,
            "webhook-timestamp": str(int(time.time())),
        }
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            async with asyncio.timeout(self.patience.try_seconds):
                # The body of the answer is never read: it is nothing that we could use or may show.
                async with client.stream("POST", self.url, content=body, headers=headers) as answer:
                    return answer.status_code, _seconds(answer.headers.get("Retry-After"))
        except (httpx.HTTPError, TimeoutError, UnicodeError):
            return None, 0.0


def _seconds(text: str | None) -> float:
    """What Retry-After says, where it says seconds.

    >>> _seconds("3"), _seconds("Wed, 21 Oct 2026 07:28:00 GMT"), _seconds(None)
    (3.0, 0.0, 0.0)
    """
    return float(text) if text is not None and text.isascii() and text.isdigit() else 0.0
