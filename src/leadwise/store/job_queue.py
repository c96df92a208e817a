"""Jobs of all organisations, for the processes that work on them.

Two tables tell of a job: `jobs`, which people see, and procrastinate's, which says which process has it. They are never
changed the other way round: first what people see, then the queue, so that whatever a killed process left between
the two is put right by `take_back`. An attempt is known by its number, so that a process that was believed dead
cannot write into the attempt that replaced it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, null, text, update

from leadwise.domain.errors import Conflict
from leadwise.domain.job import Job, JobFailure, JobProgress, JobState
from leadwise.store import tables
from leadwise.store.jobs import job_of

INTERRUPTED = "job_interrupted"

# What a dead process has; and what a living one could not put back into the queue, as the database went away between
# the two tables.
_STALLED = """
SELECT entry.id, (args ->> 'job')::uuid AS job
FROM procrastinate_jobs AS entry
WHERE status = 'doing' AND queue_name = 'jobs' AND (
    worker_id IS NULL
    OR worker_id IN (
        SELECT id FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => :seconds)
    )
    OR (
        NOT EXISTS (SELECT FROM jobs WHERE jobs.id = (args ->> 'job')::uuid AND state = 'running')
        AND NOT EXISTS (
            SELECT FROM procrastinate_events AS event
            WHERE event.job_id = entry.id AND event.at >= now() - make_interval(secs => :seconds)
        )
        AND NOT EXISTS (
            SELECT FROM jobs
            WHERE jobs.id = (args ->> 'job')::uuid AND finished_at >= now() - make_interval(secs => :seconds)
        )
    )
)
ORDER BY entry.id
FOR UPDATE OF entry SKIP LOCKED
"""
_AGAIN = "SELECT procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)"
_OVER = "SELECT procrastinate_finish_job_v1(:id, 'failed', true)"
_STATE = """
SELECT
    (SELECT count(*) FROM jobs WHERE state = 'waiting') AS waiting,
    (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
    (SELECT extract(epoch FROM clock_timestamp() - min(recorded_at))::float8 FROM jobs WHERE state = 'waiting')
        AS oldest_seconds,
    (SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat >= now() - make_interval(secs => :seconds))
        AS workers
"""


class JobLostError(Conflict):
    """Another process has the job now, or nobody: this one was believed dead, or the job's organisation is gone."""

    code = "job_lost"

    def __init__(self, job: UUID) -> None:
        self.job = job
        super().__init__(
            f"The job {job} should be this process's, but another one has begun it again; nothing is lost."
        )


@dataclass(frozen=True)
class QueueState:
    """How the queue is.

    Args:
        waiting: Jobs that nobody has begun.
        running: Jobs that somebody works on.
        oldest_seconds: How long the oldest waiting job has waited; None where none waits.
        workers: Processes that work on jobs and were heard of lately.
    """

    waiting: int
    running: int
    oldest_seconds: float | None
    workers: int


class JobQueue:
    """The jobs of all organisations. Only the owner of the tables may use it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(self, job: UUID) -> Job | None:
        """The job, begun; None if it does not wait (any more): then there is nothing to do."""
        jobs = tables.jobs.c
        begun = {
            "state": JobState.RUNNING.value,
            "attempts": jobs.attempts + 1,
            "started_at": func.clock_timestamp(),
            "progress": {},
        }
        query = update(tables.jobs).where(jobs.id == job, jobs.state == JobState.WAITING.value).values(begun)
        row = self._connection.execute(query.returning(tables.jobs)).mappings().one_or_none()
        return None if row is None else job_of(row)

    def report(self, job: Job, progress: JobProgress) -> None:
        """Put on record how far this attempt is, or was when it finished.

        Raises:
            JobLostError: if it is another's, or failed.
        """
        self._change(job, {"progress": asdict(progress)}, JobState.RUNNING, JobState.DONE)

    def finish(self, job: Job, result: Mapping[str, Any]) -> None:
        """Put on record what came of it; once more, and nothing changes. Raises as `report` does."""
        jobs = tables.jobs.c
        finished_at = func.coalesce(jobs.finished_at, func.clock_timestamp())
        over = {"state": JobState.DONE.value, "result": dict(result), "finished_at": finished_at}
        self._change(job, over, JobState.RUNNING, JobState.DONE)

    def fail(self, job: Job, failure: JobFailure) -> None:
        """Put on record why it failed. Raises as `report` does."""
        over = {"state": JobState.FAILED.value, "finished_at": func.clock_timestamp(), "error": asdict(failure)}
        self._change(job, over)

    def hand_back(self, job: Job) -> None:
        """Let it wait again, as if it had not been begun. Raises as `report` does."""
        self._change(job, {"state": JobState.WAITING.value, "attempts": job.attempts - 1, "started_at": null()})

    def wait_again(self, job: Job) -> None:
        """Let it wait for another attempt. Raises as `report` does."""
        self._change(job, {"state": JobState.WAITING.value})

    def take_back(self, silent_seconds: float, most_attempts: int) -> list[Job]:
        """Let jobs wait again whose process sent no heartbeat for so long; they are what it left, as it is now.

        A job that was begun `most_attempts` times fails instead, with a sentence.
        """
        stalled = self._connection.execute(text(_STALLED), {"seconds": silent_seconds}).all()
        return [job for entry in stalled if (job := self._take_back(entry.id, entry.job, most_attempts)) is not None]

    def measure(self, silent_seconds: float) -> QueueState:
        """How the queue is; a process that was silent for longer than this is taken for dead."""
        row = self._connection.execute(text(_STATE), {"seconds": silent_seconds}).one()
        return QueueState(row.waiting, row.running, row.oldest_seconds, row.workers)

    def _take_back(self, entry: int, job: UUID, most_attempts: int) -> Job | None:
        found = self._find_running(job)
        if found is not None and found.attempts >= most_attempts:
            self.fail(found, _interrupted(found))
        elif found is not None:
            self.wait_again(found)
        state = self._connection.scalar(text("SELECT state FROM jobs WHERE id = :job"), {"job": job})
        self._connection.execute(text(_AGAIN if state == JobState.WAITING.value else _OVER), {"id": entry})
        return found

    def _find_running(self, job: UUID) -> Job | None:
        query = tables.jobs.select().where(tables.jobs.c.id == job, tables.jobs.c.state == JobState.RUNNING.value)
        row = self._connection.execute(query.with_for_update()).mappings().one_or_none()
        return None if row is None else job_of(row)

    def _change(self, job: Job, values: Mapping[str, Any], *states: JobState) -> None:
        jobs = tables.jobs.c
        allowed = [state.value for state in states or (JobState.RUNNING,)]
        mine = jobs.id == job.id, jobs.state.in_(allowed), jobs.attempts == job.attempts
        if not self._connection.execute(update(tables.jobs).where(*mine).values(dict(values))).rowcount:
            raise JobLostError(job.id)


def _interrupted(job: Job) -> JobFailure:
    return JobFailure(
        INTERRUPTED,
        f"The process that worked on it ended {job.attempts} times before it was done, so it is not begun again; "
        "see whether the machine has enough memory, then ask for it again.",
    )
