"""Logs as lines of JSON on standard output: timestamp, level, message, and what belongs to it."""

import logging
import sys
from datetime import UTC, datetime

import structlog
from structlog.typing import EventDict, WrappedLogger

from leadwise.app.tracing import ids_of_trace
from leadwise.web.request_id import REQUEST_ID

QUIET = ("uvicorn.access", "httpx", "httpcore", "procrastinate")
"""What is logged of these is too much for a line each."""


def set_up_logs(level: str) -> None:
    """Write the logs of this process, and of the libraries in it, as JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        _stamp,
        _add_ids,
        structlog.stdlib.add_log_level,
        _upper_level,
        structlog.processors.EventRenamer("message"),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _stamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # uvicorn's message again, for terminals
    now = datetime.now(UTC).replace(tzinfo=None)
    return {"timestamp": now.isoformat(timespec="milliseconds"), **event}


def _add_ids(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say for which request and within which trace it was logged, if for any."""
    if request_id := REQUEST_ID.get():
        event["request_id"] = request_id
    event.update(ids_of_trace())
    return event


def _upper_level(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["level"] = str(event["level"]).upper()
    return event
