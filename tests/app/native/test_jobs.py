"""A job as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from leadwise.app.client.sse import read_events
from leadwise.domain.errors import Unavailable
from leadwise.domain.job import JobState
from leadwise.web.api.v2 import jobs
from leadwise.web.api.v2.shapes.jobs import JOB_EXAMPLE, JobAnswer

JOB = JobAnswer.model_validate(JOB_EXAMPLE)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(jobs, "KEEP_ALIVE_SECONDS", 0.03)


def all_of(pieces: AsyncIterator[bytes]) -> str:
    async def gather() -> bytes:
        return b"".join([piece async for piece in pieces])

    return asyncio.run(gather()).decode()


def test_a_quiet_job_keeps_its_connection_and_ends_with_its_end() -> None:
    later = iter([JOB] * 7 + [JOB.model_copy(update={"state": JobState.DONE})])
    sent = all_of(jobs.follow(JOB, lambda: next(later)))
    assert sent.count(": keep-alive\n\n") == 2
    events = list(read_events(sent.splitlines()))
    assert [event.name for event in events] == ["progress", "done"]
    assert JobAnswer.model_validate_json(events[1].data).state == "done"


def test_while_the_database_is_away_the_stream_waits() -> None:
    answers = iter([Unavailable("away"), Unavailable("away"), JOB.model_copy(update={"state": JobState.FAILED})])

    def look() -> JobAnswer:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    events = list(read_events(all_of(jobs.follow(JOB, look)).splitlines()))
    assert [event.name for event in events] == ["progress", "failed"]


def test_a_job_that_is_over_is_told_once() -> None:
    over = JOB.model_copy(update={"state": JobState.DONE})
    assert [event.name for event in read_events(all_of(jobs.follow(over, lambda: over)).splitlines())] == ["done"]
