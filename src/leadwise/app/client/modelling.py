"""Targets, models and jobs of a service."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from leadwise.app.client.errors import JobFailedError
from leadwise.app.client.pages import walk
from leadwise.app.client.sse import read_events
from leadwise.app.client.transport import Transport
from leadwise.domain.clock import in_utc
from leadwise.domain.errors import Unavailable
from leadwise.domain.job import JobState
from leadwise.web.api.v2.shapes.jobs import JobAnswer
from leadwise.web.api.v2.shapes.models import (
    ActiveAnswer,
    ComparisonAnswer,
    InProductionAnswer,
    TargetAnswer,
    TargetDetail,
    TrainModelRequest,
    VersionAnswer,
    VersionDetail,
)

OVER = (JobState.DONE, JobState.FAILED)
LOOK_AGAIN_SECONDS = 1.0


class Targets:
    """What can be predicted."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Sequence[TargetAnswer]:
        """All targets."""
        found = self._transport.get("/api/v2/targets").json()["results"]
        return [TargetAnswer.model_validate(each) for each in found]

    def get(self, name: str) -> TargetDetail:
        """One target with its words."""
        return TargetDetail.model_validate_json(self._transport.get(f"/api/v2/targets/{name}").content)


class Models:
    """Versions of models."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def train(self, target: str, **options: Any) -> JobAnswer:
        """Have a model trained; `Jobs.wait` waits for it. Options are those of `TrainModelRequest`."""
        wanted = TrainModelRequest(target=target, **options).model_dump(mode="json", exclude_defaults=True)
        return JobAnswer.model_validate_json(
            self._transport.post("/api/v2/models", {**wanted, "target": target}).content
        )

    def walk(self, target: str) -> Iterator[VersionAnswer]:
        """All versions, the newest first."""
        return walk(self._transport, "/api/v2/models", VersionAnswer, target=target)

    def get(self, version: str) -> VersionDetail:
        """One version with its card."""
        return VersionDetail.model_validate_json(self._transport.get(f"/api/v2/models/{version}").content)

    def activate(self, version: str) -> ActiveAnswer:
        """Let a version score from now on."""
        return ActiveAnswer.model_validate_json(self._transport.post(f"/api/v2/models/{version}/activate").content)

    def roll_back(self, target: str, to: str | None = None) -> ActiveAnswer:
        """Let an earlier version score again; the one before the active one, if none is named."""
        answer = self._transport.post("/api/v2/models/roll-back", {"target": target, "to": to})
        return ActiveAnswer.model_validate_json(answer.content)

    def compare(self, first: str, second: str) -> ComparisonAnswer:
        """Two versions on the same leads."""
        answer = self._transport.get("/api/v2/models/comparison", first=first, second=second)
        return ComparisonAnswer.model_validate_json(answer.content)

    def in_production(self, target: str, at: datetime | None = None) -> InProductionAnswer:
        """Which version scored at an instant; left out: now."""
        stamp = None if at is None else in_utc("at", at).isoformat()
        answer = self._transport.get("/api/v2/models/in-production", target=target, at=stamp)
        return InProductionAnswer.model_validate_json(answer.content)


class Jobs:
    """Work that takes longer than a request may wait for."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def score(self, target: str) -> JobAnswer:
        """Have all open leads scored."""
        return self._add("score", target)

    def refresh(self, target: str) -> JobAnswer:
        """Have the features of all leads computed anew."""
        return self._add("refresh", target)

    def get(self, job: str) -> JobAnswer:
        """One job."""
        return JobAnswer.model_validate_json(self._transport.get(f"/api/v2/jobs/{job}").content)

    def walk(
        self, *, kind: str | None = None, target: str | None = None, state: str | None = None
    ) -> Iterator[JobAnswer]:
        """All jobs, the newest first."""
        return walk(self._transport, "/api/v2/jobs", JobAnswer, kind=kind, target=target, state=state)

    def follow(self, job: str) -> Iterator[JobAnswer]:
        """A job whenever it changed, until it is over; a connection that breaks is made again.

        Raises:
            ServiceUnreachableError: if the service cannot be reached again.
        """
        while True:
            try:
                with self._transport.stream(f"/api/v2/jobs/{job}/events") as answer:
                    for event in read_events(answer.iter_lines()):
                        found = JobAnswer.model_validate_json(event.data)
                        yield found
                        if found.state in OVER:
                            return
            except Unavailable:
                self.get(job)  # which is patient
            time.sleep(LOOK_AGAIN_SECONDS)

    def wait(self, job: str) -> JobAnswer:
        """The job when it is done.

        Raises:
            JobFailedError: if it failed, with the reason.
        """
        *_, found = self.follow(job)
        if found.error is not None:
            raise JobFailedError(409, found.error.model_dump())
        return found

    def _add(self, kind: str, target: str) -> JobAnswer:
        answer = self._transport.post("/api/v2/jobs", {"kind": kind, "target": target})
        return JobAnswer.model_validate_json(answer.content)
