"""Requests to a service, made again where that is safe and may help."""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import orjson

from leadwise.app.client.errors import NotAServiceError, ServiceUnreachableError, error_of
from leadwise.web.api.v2.idempotency import HEADER

AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may succeed."""
IN_FLIGHT = "idempotency_key_in_flight"
_ERRORS = 400


@dataclass(frozen=True)
class Patience:
    """How long and how often is tried.

    Args:
        attempts: How often a request is made at most.
        first_seconds: The pause after the first; each further one is twice as long, each between half of it and all.
        longest_seconds: No pause is longer, unless the service asks for it (Retry-After).
        timeout_seconds: So long one answer is waited for.
    """

    attempts: int = 5
    first_seconds: float = 0.5
    longest_seconds: float = 30.0
    timeout_seconds: float = 120.0

    def pause(self, attempt: int, retry_after: str | None) -> float:
        """How long to wait after an attempt, in seconds; attempts count from 0.

        >>> Patience().pause(0, "7"), 0.25 <= Patience().pause(0, None) <= 0.5
        (7.0, True)
        """
        if retry_after is not None and retry_after.isascii() and retry_after.isdigit():
            return float(retry_after)
        longest = min(self.longest_seconds, self.first_seconds * 2.0**attempt)
        return longest * random.uniform(0.5, 1)  # noqa: S311 - so that clients do not come back together


# httpx closes idle connections beyond 20; where threads share a client, it may hit one just given to a request.
ALL_KEPT = httpx.Limits(max_keepalive_connections=None)


class Transport:
    """Speaks to one service with one key. Use it as a context manager, or call `close`.

    GET, PUT and DELETE may be made again as they are; each POST carries an Idempotency-Key, so that it is done once.
    """

    def __init__(
        self, url: str, key: str | None, patience: Patience, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._patience = patience
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            self._http = httpx.Client(
                base_url=self.url,
                headers=headers,
                timeout=patience.timeout_seconds,
                transport=transport,
                limits=ALL_KEPT,
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise ServiceUnreachableError(self.url, str(error)) from None

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, **params: Any) -> httpx.Response:
        """The answer to a GET; parameters that are None are left out."""
        return self._send("GET", path, params=_given(params))

    def post(self, path: str, body: Any = None, idempotency_key: str | None = None) -> httpx.Response:
        """The answer to a POST, which is done once however often it has to be sent."""
        return self._send("POST", path, body=body, headers={HEADER: idempotency_key or str(uuid4())})

    def put(self, path: str, body: Any) -> httpx.Response:
        """The answer to a PUT."""
        return self._send("PUT", path, body=body)

    def delete(self, path: str) -> httpx.Response:
        """The answer to a DELETE."""
        return self._send("DELETE", path)

    @contextmanager
    def stream(self, path: str, **params: Any) -> Iterator[httpx.Response]:
        """An answer that is read while it comes.

        Raises:
            ServiceError, ServiceUnreachableError: as they say.
        """
        try:
            with self._http.stream("GET", path, params=_given(params)) as response:
                if response.status_code >= _ERRORS:
                    response.read()
                    raise error_of(response.status_code, self._problem(response))
                yield response
        except httpx.TransportError as error:
            raise ServiceUnreachableError(self.url, _reason(error)) from None

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        content = None if body is None else orjson.dumps(body)
        request = self._http.build_request(method, path, params=params, content=content, headers=headers)
        if content is not None:
            request.headers["Content-Type"] = "application/json"
        for attempt in range(self._patience.attempts):
            is_last = attempt + 1 == self._patience.attempts
            try:
                response = self._http.send(request)
            except httpx.TransportError as error:
                if is_last:
                    raise ServiceUnreachableError(self.url, _reason(error)) from None
                time.sleep(self._patience.pause(attempt, None))
                continue
            if response.status_code < _ERRORS:
                return response
            problem = self._problem(response)
            if is_last or not (response.status_code in AGAIN or problem.get("code") == IN_FLIGHT):
                raise error_of(response.status_code, problem)
            time.sleep(self._patience.pause(attempt, response.headers.get("Retry-After")))
        raise AssertionError(path)

    def _problem(self, response: httpx.Response) -> Mapping[str, Any]:
        try:
            problem = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            problem = None
        if isinstance(problem, dict) and "detail" in problem:
            return problem
        if response.status_code in AGAIN:  # a proxy says so in its own words
            return {"detail": f"The service at {self.url} is away for now (status {response.status_code})."}
        raise NotAServiceError(self.url, response.status_code)


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
