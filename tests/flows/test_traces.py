"""Traces of a real service, received by a real OTLP/HTTP collector."""

import gzip
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from tests.app.serving import add_key, bearer
from tests.flows.test_serve import COMMAND, serving

from leadwise.app import tracing
from leadwise.app.tracing import TracesImpossibleError, _installed, check_traces
from leadwise.store.database import open_database

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
needs_package = pytest.mark.skipif(not _installed(), reason="needs the extra `otel`")


class Span(NamedTuple):
    """A span as the collector got it."""

    name: str
    trace: str
    attributes: dict[str, Any]
    service: str
    links: list[str]
    """The traces that it links to."""


class Collector:
    """Takes traces over HTTP and keeps their spans."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.raw = b""

    def take(self, body: bytes) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415

        self.raw += body
        for of_process in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {each.key: each.value.string_value for each in of_process.resource.attributes}["service.name"]
            for span in (span for scope in of_process.scope_spans for span in scope.spans):
                attributes = {each.key: each.value.string_value or each.value.int_value for each in span.attributes}
                links = [link.trace_id.hex() for link in span.links]
                self.spans.append(Span(span.name, span.trace_id.hex(), attributes, service, links))

    def wait_for(self, name: str) -> Span:
        deadline = time.monotonic() + 60
        while not (found := [span for span in self.spans if span.name == name]):
            assert time.monotonic() < deadline, [span.name for span in self.spans]
            time.sleep(0.05)
        return found[0]


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    """A collector, and its address."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            collector.take(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield collector, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@needs_package
def test_requests_statements_and_jobs_are_traced_and_tell_of_nobody(data_folder: Path):
    with open_database(None, data_folder) as database:
        key = add_key(database)
        with collecting() as (collector, address):
            settings = {ENDPOINT: address, "OTEL_BSP_SCHEDULE_DELAY": "200"}
            with serving(data_folder, **settings) as (process, url):
                headers = bearer(key) | {"traceparent": f"00-{CALLER}-00f067aa0ba902b7-01"}
                with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
                    assert client.get("/api/v2/leads/shop/anna@example.com").status_code == 404
                    client.get("/api/predictions/seller", params={"search": "Anna Smith"})
                    client.post("/api/v1/predict", json={"features": {"owner": "Anna Smith"}})
                    asked = client.post("/api/v2/jobs", json={"kind": "refresh", "target": "car_sold"})
                request = collector.wait_for("GET /api/v2/leads/{source}/{external_id}")
                job = collector.wait_for("job refresh")
                predicted = collector.wait_for("POST /api/v1/predict")
                process.terminate()
                assert process.stdout is not None
                lines = [json.loads(line) for line in process.stdout.read().splitlines()]
    assert request.trace == CALLER
    assert request.attributes["http.response.status_code"] == 404
    statements = [
        span.attributes["db.query.text"] for span in collector.spans if span.trace == CALLER and span.name == "SELECT"
    ]
    assert any("FROM leads" in each for each in statements)
    assert job.attributes["leadwise.job.id"] == asked.json()["id"]
    assert job.links == [CALLER] != [job.trace]
    assert predicted.attributes["url.path"] == "REDACTED"
    assert {span.service for span in collector.spans} == {"leadwise"}
    assert next(line["message"] for line in lines if line.get("trace_id") == job.trace).startswith("Job ")
    assert not {"GET /ready", "GET /health"} & {span.name for span in collector.spans}
    for secret in (b"anna", b"Anna", key.split("_")[2].encode(), b"default"):
        assert secret not in collector.raw


PROBE = """
import sys
import leadwise.app.jobs.worker, leadwise.app.service.wiring
from leadwise.app.service.wiring import create
application = create()
loaded = [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
print(len(loaded))
"""


@needs_package
@pytest.mark.parametrize(
    ("variables", "is_loaded"),
    [
        ({}, False),
        ({ENDPOINT: "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}, False),
        ({ENDPOINT: "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
    ids=["nothing set", "disabled", "no exporter", "otlp"],
)
def test_nothing_is_imported_unless_traces_are_asked_for(empty_url: str, variables: dict[str, str], *, is_loaded: bool):
    environment = {"LEADWISE_DATABASE_URL": empty_url, "PATH": "/usr/bin:/bin"} | variables
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    assert (int(done.stdout.splitlines()[-1]) > 0) == is_loaded


def test_what_cannot_be_followed_is_refused_before_anything_starts(tmp_path: Path):
    environment = {"LEADWISE_DATA_FOLDER": str(tmp_path), "OTEL_TRACES_EXPORTER": "zipkin", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [COMMAND, "serve", "--open", "--port", "0"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "OTEL_TRACES_EXPORTER is zipkin. Set it to otlp" in done.stderr
    assert not list(tmp_path.iterdir())


def test_without_the_package_the_next_step_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setattr(tracing, "PACKAGE", "a-package-that-is-not-there")
    with pytest.raises(TracesImpossibleError, match=r"pip install 'leadwise\[otel\]'"):
        check_traces()


def test_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(TracesImpossibleError, match="http/protobuf"):
        check_traces()
