"""Jobs, as the native API asks for them and looks at them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from leadwise.app.jobs.requests import ask_for
from leadwise.app.service.native.targets import Targets
from leadwise.domain.access import Caller
from leadwise.domain.job import Job, JobKind, JobState
from leadwise.store.database import Database
from leadwise.store.jobs import JobRepository
from leadwise.web.api.v2.paging import CursorUnusableError, Listed, Place
from leadwise.web.api.v2.shapes.jobs import JobAnswer, JobRequest
from leadwise.web.api.v2.shapes.models import TrainModelRequest
from leadwise.web.api.v2.shapes.words import read_instant


class StoredJobs:
    """Jobs by organisation."""

    def __init__(self, database: Database, targets: Targets) -> None:
        self._database, self._targets = database, targets

    def train(self, caller: Caller, request: TrainModelRequest) -> JobAnswer:
        """A new job that trains a model."""
        asked = request.model_dump(mode="json", exclude={"target"}, exclude_defaults=True)
        return self._add(caller, JobKind.TRAIN, request.target, asked)

    def add(self, caller: Caller, request: JobRequest) -> JobAnswer:
        """A new job."""
        return self._add(caller, JobKind(request.kind), request.target, {})

    def get(self, organisation: str, job: str) -> JobAnswer:
        """One job."""
        with self._database.transaction(organisation) as connection:
            return _answer(JobRepository(connection, organisation).get(UUID(job)))

    def list(
        self,
        organisation: str,
        limit: int,
        after: Place | None,
        kind: JobKind | None,
        target: str | None,
        state: JobState | None,
    ) -> Sequence[Listed[JobAnswer]]:
        """Jobs, the newest first; a place is (recorded at, id)."""
        with self._database.transaction(organisation) as connection:
            found = JobRepository(connection, organisation).list(
                limit,
                None if after is None else _position(after),
                kind=kind,
                target=target,
                state=state,
            )
        return [Listed((job.recorded_at.isoformat(), str(job.id)), _answer(job)) for job in found]

    def _add(self, caller: Caller, kind: JobKind, target: str, request: Mapping[str, Any]) -> JobAnswer:
        organisation, name = caller.organisation, self._targets.get(target).target.name
        with self._database.transaction(organisation) as connection:
            return _answer(ask_for(connection, organisation, kind, name, request, caller.name))


def _position(place: Place) -> tuple[datetime, UUID]:
    try:
        return read_instant(str(place[0])), UUID(str(place[1]))
    except ValueError:
        raise CursorUnusableError from None


def _answer(job: Job) -> JobAnswer:
    return JobAnswer.model_validate(asdict(job) | {"id": str(job.id)})
