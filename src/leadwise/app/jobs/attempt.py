"""One attempt at a job, from its begin to what is put on record of it."""

import logging
import threading
import time
from collections.abc import Callable
from uuid import UUID

from leadwise.app.engines import engine_in_use
from leadwise.app.jobs.requests import UNEXPECTED, blueprint_of, read_request
from leadwise.app.jobs.row_progress import HandedBackError, RowProgress
from leadwise.app.jobs.work import WORK, Result
from leadwise.app.settings import Settings
from leadwise.app.target_session import TargetSession
from leadwise.app.tracing import job_span, mark_failed
from leadwise.domain.errors import LeadwiseError, Unavailable
from leadwise.domain.job import Job, JobFailure, JobKind
from leadwise.store.database import Database
from leadwise.store.job_queue import JobLostError, JobQueue
from leadwise.training.feature_store.folders import open_folder
from leadwise.web.api import metrics

MOST_ATTEMPTS = 3
AGAIN_SECONDS = 5.0
"""After so long an attempt follows one that needed something which was away."""
PUT_ON_RECORD_SECONDS = 60.0
"""So long what came of a job is tried to be put on record while the database is away."""
log = logging.getLogger(__name__)


class BeginAgainError(Exception):
    """The job waits again, and is to be begun after so many seconds."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        super().__init__(f"again in {seconds:g} s")


class Attempts:
    """Begins jobs by their ids, and puts on record what came of them.

    Args:
        database: Where jobs and leads are.
        settings: Where snapshots are, and what computes features.
        stopping: Set when the process is to stop.
    """

    def __init__(self, database: Database, settings: Settings, stopping: threading.Event) -> None:
        self._database, self._settings, self._stopping = database, settings, stopping

    def make(self, job_id: UUID) -> None:
        """Work on the job, unless it is over or another process's.

        Raises:
            BeginAgainError: if it waits again.
        """
        with self._database.transaction() as connection:
            job = JobQueue(connection).start(job_id)
        if job is not None:
            with job_span(job):
                self._attempt(job)

    def _attempt(self, job: Job) -> None:
        log.info("Job %s begins: %s %s of %s", job.id, job.kind, job.target, job.organisation)
        try:
            result = self._work(job)
        except JobLostError as error:
            log.warning("%s", error)
        except HandedBackError:
            log.info("Job %s is handed back, as this process stops", job.id)
            self._record(lambda queue: queue.hand_back(job))
            raise BeginAgainError from None
        except Unavailable as error:
            self._try_again(job, error)
        except LeadwiseError as error:
            self._fail(job, JobFailure(error.code, str(error)))
        except Exception:
            log.exception("Job %s failed in a way that nobody expected", job.id)
            self._fail(job, UNEXPECTED)
        else:
            self._record(lambda queue: queue.finish(job, result))
            _count(job, "success")
            log.info("Job %s is done", job.id)

    def _work(self, job: Job) -> Result:
        request = read_request(job.kind, job.request)
        with RowProgress(self._database, job, self._stopping) as progress:
            session = TargetSession(
                blueprint=blueprint_of(job.target),
                organisation=job.organisation,
                database=self._database,
                store=open_folder(self._settings.feature_store_place),
                engine=engine_in_use(),
                progress=progress.piece,
                say=log.info,
                finish=lambda connection, result: JobQueue(connection).finish(job, result),
            )
            return WORK[job.kind](session, request, job.requested_by)

    def _try_again(self, job: Job, error: Unavailable) -> None:
        if job.attempts >= MOST_ATTEMPTS:
            self._fail(job, JobFailure(error.code, str(error)))
            return
        log.warning("Job %s is begun again, as something was away: %s", job.id, error)
        self._record(lambda queue: queue.wait_again(job))
        raise BeginAgainError(AGAIN_SECONDS) from None

    def _fail(self, job: Job, failure: JobFailure) -> None:
        log.warning("Job %s failed (%s)", job.id, failure.code)
        mark_failed(failure.code)
        _count(job, "failed")
        self._record(lambda queue: queue.fail(job, failure))

    def _record(self, change: Callable[[JobQueue], None]) -> None:
        """Put on record what came of an attempt; waits for a database that is away."""
        deadline = time.monotonic() + PUT_ON_RECORD_SECONDS
        while True:
            try:
                with self._database.transaction() as connection:
                    change(JobQueue(connection))
            except JobLostError as error:
                log.warning("%s", error)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise  # another process finds it, and begins it again
                time.sleep(1)
                continue
            return


def _count(job: Job, status: str) -> None:
    if job.kind is JobKind.TRAIN:  # those of users' models are counted where they are waited for
        metrics.TRAININGS.labels(status).inc()
