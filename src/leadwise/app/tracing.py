"""Traces for OpenTelemetry, where its standard variables ask for them; else nothing of it is imported.

FastAPI makes the spans of requests, `store.tracing` those of statements, `job_span` those of jobs. They tell of
requests by their documented path, of statements without their values, of jobs by their kind: never of leads, people,
organisations or keys.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from leadwise.domain.errors import Invalid

if TYPE_CHECKING:
    from leadwise.domain.job import Job
    from leadwise.store.database import Database

SERVICE_NAME = "leadwise"
"""Unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES says otherwise."""
PACKAGE = "opentelemetry-exporter-otlp-proto-http"
PROTOCOL = "http/protobuf"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


class TracesImpossibleError(Invalid):
    """Traces are asked for in a way that cannot be followed."""

    code = "traces_impossible"

    def __init__(self, came: str, next_step: str) -> None:
        super().__init__(f"The environment asks for traces, but {came}. {next_step}")


def traces_asked_for() -> bool:
    """Whether the environment names where traces go."""
    exporter = _variable("OTEL_TRACES_EXPORTER")
    if _variable("OTEL_SDK_DISABLED") == "true" or exporter == "none":
        return False
    return bool(exporter or any(map(_variable, _ENDPOINTS)))


def check_traces() -> None:
    """Refuse what cannot be followed, before anything starts.

    Raises:
        TracesImpossibleError: if the package is not there, or another exporter or protocol is asked for.
    """
    if not traces_asked_for():
        return
    exporter = _variable("OTEL_TRACES_EXPORTER")
    if exporter not in ("", "otlp"):
        came, step = f"OTEL_TRACES_EXPORTER is {exporter}", "Set it to otlp, or to none."
        raise TracesImpossibleError(came, step)
    protocol = next(filter(None, map(_variable, _PROTOCOLS)), PROTOCOL)
    if protocol != PROTOCOL:
        came = f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}"
        raise TracesImpossibleError(came, f"Set it to {PROTOCOL}, which collectors take at port 4318.")
    if not _installed():
        came = "the package that sends them is not installed"
        raise TracesImpossibleError(came, "Install it (pip install 'leadwise[otel]'), or set OTEL_SDK_DISABLED=true.")


def send_traces(database: "Database") -> Callable[[], None]:
    """Send this process's traces, if they are asked for; gives what sends the last ones and ends that.

    Args:
        database: Whose statements are told of.

    Raises:
        TracesImpossibleError: as `check_traces`.
    """
    check_traces()
    if not traces_asked_for():
        return lambda: None
    from opentelemetry import trace  # noqa: PLC0415 - only where it is asked for
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    from leadwise.app.harmless_spans import WithoutAddresses  # noqa: PLC0415
    from leadwise.store.tracing import trace_statements  # noqa: PLC0415

    named = OTELResourceDetector().detect().attributes.get("service.name", SERVICE_NAME)
    resource = Resource.create({"service.name": named, "service.version": version("leadwise")})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(WithoutAddresses())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)  # from now on FastAPI makes a span of each request
    trace_statements(database.engine)

    def stop() -> None:
        provider.shutdown()

    return stop


@contextmanager
def job_span(job: "Job") -> Iterator[None]:
    """For the length of the block, an attempt at a job is traced, if traces are asked for.

    It is a trace of its own, since a job may wait for hours, and links to the request that asked for the job.
    """
    if not traces_asked_for():
        yield
        return
    from opentelemetry import trace  # noqa: PLC0415 - only where it is asked for

    asked_within = trace.get_current_span(_propagator().extract({"traceparent": job.traceparent or ""}))
    asked = asked_within.get_span_context()
    attributes = {"leadwise.job.kind": job.kind, "leadwise.job.id": str(job.id), "leadwise.job.attempt": job.attempts}
    with trace.get_tracer(SERVICE_NAME).start_as_current_span(
        f"job {job.kind}",
        kind=trace.SpanKind.CONSUMER,
        attributes=attributes,
        links=[trace.Link(asked)] if asked.is_valid else [],
        record_exception=False,
    ):
        yield


def traceparent() -> str | None:
    """The span that lasts, as W3C Trace Context writes it; None where nothing is traced."""
    if not traces_asked_for():
        return None
    carrier: dict[str, str] = {}
    _propagator().inject(carrier)
    return carrier.get("traceparent")


def ids_of_trace() -> dict[str, str]:
    """`trace_id` and `span_id` of what runs now, for a log line; nothing where nothing is traced."""
    if not traces_asked_for():
        return {}
    from opentelemetry import trace  # noqa: PLC0415 - only where it is asked for

    ids = trace.get_current_span().get_span_context()
    if not ids.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(ids.trace_id), "span_id": trace.format_span_id(ids.span_id)}


def mark_failed(code: str) -> None:
    """Say in the span that lasts that what it tells of failed, and by which code; if traces are asked for."""
    if not traces_asked_for():
        return
    from opentelemetry import trace  # noqa: PLC0415 - only where it is asked for

    span = trace.get_current_span()
    span.set_attribute("error.type", code)
    span.set_status(trace.StatusCode.ERROR)


def _propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator()


def _installed() -> bool:
    try:
        return bool(version(PACKAGE))
    except PackageNotFoundError:
        return False


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip().lower()
