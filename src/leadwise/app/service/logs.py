"""Logs as lines of JSON on standard output: timestamp, level, message, and what belongs to it."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from leadwise.app.tracing import ids_of_trace
from leadwise.web.request_id import REQUEST_ID

QUIET = ("uvicorn.access", "httpx", "httpcore", "procrastinate")
"""What is logged of these is too much for a line each."""
_USUAL = frozenset({*vars(logging.makeLogRecord({})), "message", "taskName"})
_FOR_TERMINALS = "color_message"
"""uvicorn's message again."""


def set_up_logs(level: str) -> None:
    """Write the logs of this process, and of the libraries in it, as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Line())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class _Line(logging.Formatter):
    """What was logged, with the request and the trace that it was logged for, if for any."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        line: dict[str, Any] = {"timestamp": at.isoformat(timespec="milliseconds")}
        line |= {name: value for name, value in vars(record).items() if name not in _USUAL and name != _FOR_TERMINALS}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        line |= {**ids_of_trace(), "level": record.levelname, "message": record.getMessage()}
        return json.dumps(line, ensure_ascii=False, default=str)
