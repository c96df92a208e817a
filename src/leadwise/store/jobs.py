"""Jobs of one organisation, for those who ask for them and look after them; `store.job_queue` is for those who work."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, RowMapping, Select, and_, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from leadwise.domain.clock import in_utc
from leadwise.domain.errors import Conflict, Missing
from leadwise.domain.job import Job, JobFailure, JobKind, JobProgress, JobState
from leadwise.store import tables
from leadwise.store.cleaning import check_name

JobPosition = tuple[datetime, UUID]
"""A job's `recorded_at` and `id`: where a list goes on after it."""
AT_WORK = text("state IN ('waiting', 'running')")


class JobNotFoundError(Missing):
    """The organisation has no such job."""

    code = "job_not_found"

    def __init__(self, job: UUID) -> None:
        self.job = job
        super().__init__(f"There is no job {job}; list the jobs to see which there are.")


class JobAtWorkError(Conflict):
    """The same is being done already."""

    code = "job_at_work"

    def __init__(self, kind: JobKind, target: str, job: UUID) -> None:
        self.kind, self.target, self.job = kind, target, job
        super().__init__(
            f"A job of the kind {kind.value!r} for the target {target!r} waits or runs already: {job}; "
            "look at that one, or ask again when it is over."
        )


class JobRepository:
    """The jobs of one organisation."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add(
        self,
        kind: JobKind,
        target: str,
        request: Mapping[str, Any],
        requested_by: str,
        traceparent: str | None = None,
    ) -> Job:
        """A new job, which begins when this transaction has ended and a process that works on jobs is free.

        Args:
            kind: What is to be done.
            target: For which target; its name.
            request: What was asked for, as JSON.
            requested_by: Who asked.
            traceparent: The span within which; None: none.

        Raises:
            JobAtWorkError: if one of the same kind for the same target waits or runs.
        """
        row = {
            "id": uuid4(),
            "organisation_id": self._organisation,
            "kind": kind.value,
            "target": check_name("target", target),
            "request": dict(request),
            "requested_by": requested_by,
            "traceparent": traceparent,
        }
        at_work = ["organisation_id", "kind", "target"]
        query = insert(tables.jobs).values(row).on_conflict_do_nothing(index_elements=at_work, index_where=AT_WORK)
        while (added := self._find(query.returning(tables.jobs))) is None:
            other = self._find_at_work(kind, target)
            if other is not None:  # else it ended in this very moment
                raise JobAtWorkError(kind, target, other.id)
        return added

    def get(self, job: UUID) -> Job:
        """The job of this id.

        Raises:
            JobNotFoundError: if the organisation has none.
        """
        found = self.find(job)
        if found is None:
            raise JobNotFoundError(job)
        return found

    def find(self, job: UUID) -> Job | None:
        """The job of this id; None if the organisation has none."""
        return self._find(self._all().where(tables.jobs.c.id == job))

    def list(
        self,
        limit: int,
        after: JobPosition | None = None,
        *,
        kind: JobKind | None = None,
        target: str | None = None,
        state: JobState | None = None,
    ) -> list[Job]:
        """Jobs, the newest first.

        Args:
            limit: How many at most.
            after: `recorded_at` and `id` of the last one that was seen; None: from the newest on.
            kind: Only these; None: all.
            target: Only of this target; None: of all.
            state: Only those in this state; None: in any.
        """
        jobs = tables.jobs.c
        query = self._all().order_by(jobs.recorded_at.desc(), jobs.id).limit(limit)
        if after is not None:
            seen_at, seen = in_utc("after", after[0]), after[1]
            query = query.where(
                jobs.recorded_at <= seen_at,
                or_(jobs.recorded_at < seen_at, and_(jobs.recorded_at == seen_at, jobs.id > seen)),
            )
        for column, wanted in ((jobs.kind, kind), (jobs.target, target), (jobs.state, state)):
            if wanted is not None:
                query = query.where(column == str(wanted))
        return [job_of(row) for row in self._connection.execute(query).mappings()]

    def _find_at_work(self, kind: JobKind, target: str) -> Job | None:
        jobs = tables.jobs.c
        return self._find(self._all().where(jobs.kind == kind.value, jobs.target == target, AT_WORK))

    def _all(self) -> Select[Any]:
        return select(tables.jobs).where(tables.jobs.c.organisation_id == self._organisation)

    def _find(self, query: Any) -> Job | None:
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else job_of(row)


def job_of(row: RowMapping) -> Job:
    """The job in a row of `jobs`."""
    return Job(
        id=row["id"],
        organisation=row["organisation_id"],
        kind=JobKind(row["kind"]),
        target=row["target"],
        state=JobState(row["state"]),
        request=row["request"],
        progress=JobProgress(**row["progress"]),
        result=row["result"],
        error=None if row["error"] is None else JobFailure(**row["error"]),
        requested_by=row["requested_by"],
        attempts=row["attempts"],
        recorded_at=row["recorded_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        traceparent=row["traceparent"],
    )
