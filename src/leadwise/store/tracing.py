"""Spans of SQL statements for OpenTelemetry; imported only where traces are asked for."""

from typing import Any

from opentelemetry import trace
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

LONGEST_TEXT = 2000
_SPANS = "leadwise_spans"


def trace_statements(engine: Engine) -> None:
    """Tell of each statement that is run for a request or a job: its text, which holds no values, and how long it took.

    Statements of nobody, as those that look for news twice a second, are not told of.
    """
    tracer = trace.get_tracer("leadwise")

    def begin(connection: Connection, _cursor: Any, statement: str, *_: object) -> None:
        span = trace.INVALID_SPAN
        if trace.get_current_span().get_span_context().is_valid:
            operation = statement.split(None, 1)[0].upper()
            span = tracer.start_span(
                operation,
                kind=trace.SpanKind.CLIENT,
                attributes={
                    "db.system.name": "postgresql",
                    "db.operation.name": operation,
                    "db.query.text": statement[:LONGEST_TEXT],
                },
            )
        connection.info.setdefault(_SPANS, []).append(span)

    def end(connection: Connection, *_: object) -> None:
        connection.info[_SPANS].pop().end()

    def fail(context: ExceptionContext) -> None:
        spans = context.connection.info.get(_SPANS) if context.connection is not None else None
        if spans:
            spans[-1].set_attribute("error.type", type(context.original_exception).__name__)
            spans[-1].set_status(trace.StatusCode.ERROR)
            spans.pop().end()

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)
