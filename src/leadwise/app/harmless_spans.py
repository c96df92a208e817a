"""Takes out of spans what may tell of people; imported only where traces are asked for."""

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor

REDACTED = "REDACTED"
ADDRESS = ("url.path", "url.query", "http.request.method_original")
"""As a request came: with ids of leads, and with what people searched for. `http.route` says which path it was."""


class WithoutAddresses(SpanProcessor):  # type: ignore[misc] # without the package it is Any
    """Writes over what FastAPI puts into spans of a request's address, before anybody else sees it."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's signature
        """Redact a span that begins."""
        for name in ADDRESS:
            if name in (span.attributes or ()):
                span.set_attribute(name, REDACTED)
