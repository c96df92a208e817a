"""Jobs: work that takes longer than a request may wait for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class JobKind(StrEnum):
    """What there is to be done for a target."""

    TRAIN = "train"
    """Learn a model from what is stored, and let it score if it may."""
    TRAIN_OWNED = "train_owned"
    """The same for a model that belongs to a user, and lets it score in any case."""
    REFRESH = "refresh"
    """Compute the features of all leads anew."""
    SCORE = "score"
    """Score all open leads."""


class JobState(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class JobProgress:
    """How far a job that runs is.

    Args:
        done: Steps that are done.
        total: Steps that are known of; grows when a job comes to know of more.
        doing: What it does now ("fitting gradient boosting, fold 2 of 5"); empty: nothing yet.
    """

    done: int = 0
    total: int = 0
    doing: str = ""


@dataclass(frozen=True)
class JobFailure:
    """Why a job failed: a stable code, and a sentence for people."""

    code: str
    detail: str


@dataclass(frozen=True)
class Job:
    """A job as it is on record.

    Args:
        id: Names it.
        organisation: Whose leads it is about.
        kind: What is to be done.
        target: For which target.
        state: How far it is.
        request: What was asked for, as JSON.
        progress: How far the present attempt is.
        result: What came of it, as JSON; None unless it is done.
        error: Why it failed; None unless it did.
        requested_by: Who asked for it.
        attempts: How often it was begun; more than once where whoever worked on it was killed.
        recorded_at: When it was asked for.
        started_at: When the present or last attempt began; None if it never did.
        finished_at: When it was done, or failed.
        traceparent: The span that asked for it (W3C Trace Context); None where nothing was traced.
    """

    id: UUID
    organisation: str
    kind: JobKind
    target: str
    state: JobState
    request: Mapping[str, Any]
    progress: JobProgress
    result: Mapping[str, Any] | None
    error: JobFailure | None
    requested_by: str
    attempts: int
    recorded_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    traceparent: str | None = None
