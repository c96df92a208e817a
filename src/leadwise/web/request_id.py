"""The id of the request that is being answered, for log lines."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Empty where no request is being answered."""
