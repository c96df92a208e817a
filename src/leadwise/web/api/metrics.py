"""Numbers for Prometheus, of all web processes together.

Those of requirement 4 keep their names; all others begin with `leadwise_`. Labels name paths and versions, never
people, leads or keys; organisations stand there under labels that do not tell their names.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics import Gauge
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from leadwise.web.api.asks import Watched, Work

MEDIA_TYPE = CONTENT_TYPE_LATEST
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which processes put their numbers together."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REGISTRY = CollectorRegistry()
PREDICTIONS = Counter("ml_predictions_total", "Predictions made.", ["model_version"], registry=REGISTRY)
LATENCY = Histogram(
    "ml_prediction_latency_seconds",
    "From a request for predictions to its answer.",
    registry=REGISTRY,
    buckets=_SECONDS,
)
TRAININGS = Counter("ml_model_training_total", "Trainings that ended.", ["status"], registry=REGISTRY)
for _status in ("success", "failed"):
    TRAININGS.labels(_status)  # from the start, so that the first one is seen as one more
REQUESTS = Counter("leadwise_requests_total", "Requests answered.", ["method", "path", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "leadwise_request_seconds", "From a request to its answer.", ["path"], registry=REGISTRY, buckets=_SECONDS
)
LEDGER_WAITING = Gauge(
    "leadwise_ledger_waiting", "Scores that wait to be written.", registry=REGISTRY, multiprocess_mode="livesum"
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def exposition(work: Work | None) -> bytes:
    """All numbers in the text form of Prometheus.

    Args:
        work: What the database knows; None while it is away.
    """
    registry = REGISTRY
    if os.environ.get(FOLDER):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry)
    if work is None:
        return text
    of_work = CollectorRegistry()
    of_work.register(_WorkCollector(work))
    return text + generate_latest(of_work)


class _WorkCollector(Collector):
    def __init__(self, work: Work) -> None:
        self._work = work

    def collect(self) -> Iterator[Metric]:
        work = self._work
        jobs = GaugeMetricFamily("leadwise_jobs", "Jobs that are not over.", labels=["state"])
        jobs.add_metric(["waiting"], work.waiting)
        jobs.add_metric(["running"], work.running)
        yield jobs
        oldest = "How long the oldest waiting job has waited."
        yield GaugeMetricFamily("leadwise_oldest_job_seconds", oldest, value=work.oldest_seconds)
        yield GaugeMetricFamily("leadwise_job_workers", "Processes that work on jobs.", value=work.workers)
        if work.scoring_age_seconds is not None:
            age = "How long ago all open leads were scored last, by a job."
            yield GaugeMetricFamily("leadwise_scoring_age_seconds", age, value=work.scoring_age_seconds)
        yield from _watched(work.watched)


def _watched(watched: Sequence[Watched]) -> Iterator[Metric]:
    """How scores did, by organisation, target and version."""
    labels = ["organisation", "target", "model_version"]
    matured = "Leads whose score's horizon ended within 90 days before the newest scoring."
    expected = "Conversions that their scores promised."
    observed = "Conversions that came within the horizon."
    drift = "Population stability index of the newest scores against those that the model was tested on."
    families = (
        (GaugeMetricFamily("leadwise_matured_leads", matured, labels=labels), "leads"),
        (GaugeMetricFamily("leadwise_expected_conversions", expected, labels=labels), "expected"),
        (GaugeMetricFamily("leadwise_observed_conversions", observed, labels=labels), "observed"),
        (GaugeMetricFamily("leadwise_score_drift_index", drift, labels=labels), "drift"),
    )
    for family, name in families:
        for each in watched:
            if (value := getattr(each, name)) is not None:
                family.add_metric([each.organisation, each.target, each.version], value)
        yield family


def note_request(scope: Mapping[str, Any], status: int, seconds: float) -> None:
    """Count a request, by the path as it is documented."""
    route = scope.get("route")
    path = getattr(route, "path", "elsewhere")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    _requests(method, path, status).inc()
    _request_seconds(path).observe(seconds)


@lru_cache(1000)
def _requests(method: str, path: str, status: int) -> Counter:
    return REQUESTS.labels(method, path, str(status))


@lru_cache(1000)
def _request_seconds(path: str) -> Histogram:
    return REQUEST_SECONDS.labels(path)


@lru_cache(1000)
def predictions_of(version: str) -> Counter:
    """The counter of one model's predictions."""
    return PREDICTIONS.labels(version)
