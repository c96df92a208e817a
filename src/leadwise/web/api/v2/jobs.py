"""Jobs over HTTP, with their progress as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from leadwise.domain.errors import Unavailable
from leadwise.domain.job import JobKind, JobState
from leadwise.web.api.documenting import takes
from leadwise.web.api.v2.asks import Native
from leadwise.web.api.v2.paging import After, Limit, page, read_place
from leadwise.web.api.v2.routing import PREFIX, Reader, Responses, Trainer, json_answer, native_router, sent, told
from leadwise.web.api.v2.shapes.jobs import JOB_EXAMPLE, JobAnswer, JobRequest
from leadwise.web.api.v2.shapes.words import Name, Page

LOOK_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 15.0
OVER = (JobState.DONE, JobState.FAILED)
EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["progress", "done", "failed"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/JobAnswer"},
        },
    },
    "required": ["event", "data"],
}
"""One of the events of a stream."""
EVENTS: Responses = {
    200: {
        "content": {
            "text/event-stream": {
                "schema": EVENT,
                "example": f"event: progress\ndata: {json.dumps(JOB_EXAMPLE)}\n\n",
            }
        },
        "description": "`event: progress` whenever something changed, then `event: done` or `event: failed`; "
        "`data` is the job as JSON. Comments keep the connection alive.",
    }
}


def router(native: Native) -> APIRouter:
    """Its routes."""
    routes, jobs = native_router(native, "Jobs"), native.jobs

    @routes.post("/jobs", status_code=202, response_model=JobAnswer, openapi_extra=takes(JobRequest))
    def add_job(caller: Trainer, wanted: Annotated[JobRequest, sent(JobRequest)]) -> Response:
        """Have the features of all leads computed anew, or all open leads scored."""
        return begun(jobs.add(caller, wanted))

    @routes.get("/jobs", response_model=Page[JobAnswer])
    def list_jobs(
        caller: Reader,
        limit: Limit = 100,
        after: After = None,
        kind: Annotated[JobKind | None, Query(description="Only of this kind.")] = None,
        target: Annotated[Name | None, Query(description="Only for this target.")] = None,
        state: Annotated[JobState | None, Query(description="Only in this state.")] = None,
    ) -> Response:
        """List jobs, the newest first."""
        place = read_place(after, str, str)
        found = page(limit, lambda most: jobs.list(caller.organisation, most, place, kind, target, state))
        return json_answer(found)

    @routes.get("/jobs/{job}", response_model=JobAnswer)
    def get_job(caller: Reader, job: UUID) -> Response:
        """Get one job: how far it is, and what came of it."""
        return told(jobs.get(caller.organisation, str(job)))

    @routes.get("/jobs/{job}/events", response_class=StreamingResponse, responses=EVENTS)
    async def follow_job(caller: Reader, job: UUID) -> StreamingResponse:
        """Follow a job's progress as server-sent events, until it is over."""
        first = await asyncio.to_thread(jobs.get, caller.organisation, str(job))
        pieces = follow(first, lambda: jobs.get(caller.organisation, str(job)))
        return StreamingResponse(pieces, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return routes


async def follow(first: JobAnswer, look: Callable[[], JobAnswer]) -> AsyncIterator[bytes]:
    """A job as server-sent events, whenever it changed, until it is over.

    Args:
        first: As it is now.
        look: Gives it as it is later; may say that the database is away.
    """
    known, quiet = first, 0.0
    yield _event(known)
    while known.state not in OVER:
        await asyncio.sleep(LOOK_SECONDS)
        quiet += LOOK_SECONDS
        try:
            found = await asyncio.to_thread(look)
        except Unavailable:
            found = known  # the connection waits, as the client does
        if found != known:
            known, quiet = found, 0.0
            yield _event(known)
        elif quiet >= KEEP_ALIVE_SECONDS:
            quiet = 0.0
            yield b": keep-alive\n\n"


def begun(job: JobAnswer) -> Response:
    """The answer to whoever asked for a job."""
    return told(job, 202, {"Location": f"{PREFIX}/jobs/{job.id}"})


def _event(job: JobAnswer) -> bytes:
    name = job.state if job.state in OVER else "progress"
    return f"event: {name}\ndata: {job.model_dump_json()}\n\n".encode()
