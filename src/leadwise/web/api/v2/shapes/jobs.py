"""Jobs: work that takes longer than a request may wait for."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from leadwise.domain.job import JobKind, JobState
from leadwise.web.api.v2.shapes.words import Given, Instant, Name, Told, example

JOB_ID = "8c6f3c0e-5d0b-4a57-9c1e-0e8b6c1f2a34"
JOB_EXAMPLE = {
    "id": JOB_ID,
    "kind": "train",
    "target": "car_sold",
    "state": "running",
    "progress": {"done": 3, "total": 12, "doing": "fitting gradient boosting"},
    "request": {"budget_seconds": 120},
    "result": None,
    "error": None,
    "requested_by": "nightly (key 0f3a9c)",
    "attempts": 1,
    "recorded_at": "2026-02-01T03:00:00Z",
    "started_at": "2026-02-01T03:00:01Z",
    "finished_at": None,
}


class JobRequest(Given):
    """Work to be done: `refresh` computes the features of all leads, `score` scores all that are open."""

    model_config = ConfigDict(json_schema_extra=example(kind="score", target="car_sold"))

    kind: Literal["refresh", "score"] = Field(description="To train, use POST /api/v2/models.")
    target: Name


class ProgressAnswer(Told):
    """How far a job is."""

    done: int
    total: int = Field(description="Steps that are known of; grows when there turn out to be more.")
    doing: str


class FailureAnswer(Told):
    """Why a job failed."""

    code: str
    detail: str


class JobAnswer(Told):
    """A job."""

    model_config = ConfigDict(json_schema_extra=example(**JOB_EXAMPLE))

    id: str
    kind: JobKind
    target: str
    state: JobState
    progress: ProgressAnswer
    request: dict[str, Any]
    result: dict[str, Any] | None = Field(description="What came of it; null unless it is done.")
    error: FailureAnswer | None = Field(description="Null unless it failed.")
    requested_by: str
    attempts: int = Field(description="How often it was begun; more than once where whoever worked on it was killed.")
    recorded_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
