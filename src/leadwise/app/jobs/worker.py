"""The process that works on jobs, one after the other, until it is asked to stop."""

import asyncio
import logging
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as Entry
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from leadwise.app.jobs.attempt import MOST_ATTEMPTS, Attempts, BeginAgainError
from leadwise.app.settings import Settings
from leadwise.app.tracing import check_traces, send_traces
from leadwise.domain.errors import LeadwiseError
from leadwise.store.database import Database, open_database
from leadwise.store.job_queue import JobQueue

QUEUE, TASK = "jobs", "work"
"""What the trigger on the table `jobs` says."""
RECONNECT_SECONDS = 2.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """How often things are done, in seconds.

    Args:
        heartbeat: A sign of life.
        silent: After so long without one, a process is taken for dead, and its job begun again.
        look: Between two looks for such jobs.
        grace: How long a job may go on after the process was asked to stop; then it is handed back at its next step.
    """

    heartbeat: float = 3.0
    silent: float = 15.0
    look: float = 5.0
    grace: float = 20.0


def run_worker(settings: Settings, pace: Pace | None = None) -> None:
    """Work on jobs until SIGTERM or Ctrl-C. What another process left when it was killed is begun again.

    A database that goes away is waited for. When asked to stop, a job that runs is finished, or handed back.

    Raises:
        LeadwiseError: what `open_database` raises.
        TracesImpossibleError: if traces are asked for that cannot be sent.
    """
    check_traces()
    with open_database(settings.server_url, settings.data_folder) as database:
        stop_traces = send_traces(database)
        try:
            asyncio.run(Worker(database, settings, pace or Pace()).run())
        finally:
            stop_traces()


class Worker:
    """Use `run_worker`."""

    def __init__(self, database: Database, settings: Settings, pace: Pace) -> None:
        self._database, self._pace = database, pace
        self._asked, self._stopping = asyncio.Event(), threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._attempts = Attempts(database, settings, self._stopping)

    async def run(self) -> None:
        """Work until asked to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked.set)
        log.info("Working on jobs")
        looking = asyncio.create_task(self._look_for_left_jobs())
        try:
            while not self._asked.is_set():
                await self._work()
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            log.info("Stopped working on jobs")

    async def _work(self) -> None:
        """Work until asked to stop, or until the database goes away."""
        try:
            application = self._application(await asyncio.to_thread(self._database.address))
            async with application.open_async():
                await self._until_asked(application)
        except (LeadwiseError, ConnectorException, psycopg.Error) as error:
            log.warning("The database is away, so that no jobs are worked on: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), RECONNECT_SECONDS)

    async def _until_asked(self, application: procrastinate.App) -> None:
        working = asyncio.create_task(self._run_worker(application))
        asked = asyncio.create_task(self._asked.wait())
        await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if working.done():
            await working
            return
        impatient = asyncio.get_running_loop().call_later(self._pace.grace, self._stopping.set)
        # Not before the job that runs is over: a worker that is cancelled gives no sign of life any more.
        idle = asyncio.create_task(asyncio.to_thread(self._idle.wait))
        await asyncio.wait((working, idle), return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        impatient.cancel()

    async def _run_worker(self, application: procrastinate.App) -> None:
        await application.run_worker_async(
            queues=[QUEUE],
            concurrency=1,
            fetch_job_polling_interval=self._pace.look,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=self._pace.heartbeat,
            stalled_worker_timeout=self._pace.silent,
        )

    def _application(self, address: str) -> procrastinate.App:
        connector = procrastinate.PsycopgConnector(conninfo=address, min_size=1, max_size=4, timeout=10)
        application = procrastinate.App(connector=connector)

        @application.task(name=TASK, queue=QUEUE, retry=_WhenToldTo())
        def work(job: str) -> None:
            self._idle.clear()
            try:
                if self._asked.is_set():  # begun since: it is another process's
                    raise BeginAgainError
                self._attempts.make(UUID(job))
            finally:
                self._idle.set()

        return application

    async def _look_for_left_jobs(self) -> None:
        """Begin again what other processes left when they were killed; one that is to stop leaves that to others.

        It gives no sign of life any more, and would take its own job for one that was left.
        """
        while not self._asked.is_set():
            try:
                await asyncio.to_thread(self._take_back)
            except LeadwiseError as error:
                log.debug("No look for jobs that were left: %s", error)
            await asyncio.sleep(self._pace.look)

    def _take_back(self) -> None:
        with self._database.transaction() as connection:
            for job in JobQueue(connection).take_back(self._pace.silent, MOST_ATTEMPTS):
                log.warning("Job %s was left by a process that ended, after attempt %d", job.id, job.attempts)


class _WhenToldTo(BaseRetryStrategy):
    """A job goes back into the queue when an attempt says so, and never else."""

    def get_retry_decision(self, *, exception: BaseException, job: Entry) -> RetryDecision | None:  # noqa: ARG002
        """When to begin again; None: never."""
        if not isinstance(exception, BeginAgainError):
            return None
        return RetryDecision(retry_in={"milliseconds": int(exception.seconds * 1000)})
