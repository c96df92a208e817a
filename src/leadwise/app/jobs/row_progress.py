"""Progress that is written to a job's row, for whoever waits for the job."""

import logging
import threading
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Self

from leadwise.domain.errors import Unavailable
from leadwise.domain.job import Job, JobProgress
from leadwise.domain.progress import Progress
from leadwise.store.database import Database
from leadwise.store.job_queue import JobLostError, JobQueue

WRITE_EVERY_SECONDS = 0.5
log = logging.getLogger(__name__)


class HandedBackError(Exception):
    """The process is to stop, so that the job is left to another one."""


class RowProgress:
    """Hears of all pieces of a job's work, and writes at most twice a second how far it is.

    Writing is a thread's, so that work never waits for the database. Steps of one piece come after those of the piece
    before, so that a job never seems to fall back. A context manager.

    Args:
        database: Where the row is.
        job: As it was begun.
        stopping: Set when the process is to stop: the next step then raises HandedBackError.
    """

    def __init__(self, database: Database, job: Job, stopping: threading.Event) -> None:
        self._database, self._job, self._stopping = database, job, stopping
        self._piece_begins = self._total = self._steps = 0
        self._doing = ""
        self._written = JobProgress()
        self._over, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="job progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if error is None:
            self._write()

    def piece(self) -> AbstractContextManager[Progress]:
        """What hears of the next piece of work."""
        return nullcontext(self)

    def start(self, total_steps: int) -> None:
        """Hear that a piece begins that has so many steps."""
        self._piece_begins, self._steps = self._total, 0
        self._total += total_steps

    def step(self, doing: str) -> None:
        """Hear what begins now.

        Raises:
            HandedBackError: if the process is to stop.
            JobLostError: if another process has the job now.
        """
        self._steps, self._doing = self._steps + 1, doing
        if self._lost.is_set():
            raise JobLostError(self._job.id)
        if self._stopping.is_set():
            raise HandedBackError

    def finish(self) -> None:
        """Hear that a piece is done."""
        self._steps = self._total - self._piece_begins + 1

    @property
    def now(self) -> JobProgress:
        """How far the job is."""
        done = self._piece_begins + max(self._steps - 1, 0)
        return JobProgress(min(done, self._total), self._total, self._doing)

    def _run(self) -> None:
        self._write()
        while not self._over.wait(WRITE_EVERY_SECONDS):
            self._write()

    def _write(self) -> None:
        progress = self.now
        if progress == self._written:
            return
        try:
            with self._database.transaction() as connection:
                JobQueue(connection).report(self._job, progress)
            self._written = progress
        except JobLostError:
            self._lost.set()
        except Unavailable as error:  # the work goes on; the next one may come through
            log.warning("The progress of job %s was not written: %s", self._job.id, error)
