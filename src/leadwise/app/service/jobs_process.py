"""The process beside web processes that works on jobs: started with the service, started again if it dies."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException

AGAIN_SECONDS = 2.0
END_SECONDS = 40.0
"""How long a job may take to be finished or handed back when the service stops."""
BEGIN_SECONDS = 10.0
"""How long at most the first answer of a web process is waited for before this process starts."""
_COMMAND = [sys.executable, "-c", "from leadwise.app.service.jobs_process import work; work()"]


def work() -> None:
    """Work on jobs until asked to stop, or until the service that started this process is gone."""
    # Imported here: the service only starts this.
    from leadwise.app.jobs.worker import run_worker  # noqa: PLC0415
    from leadwise.app.service.logs import set_up_logs  # noqa: PLC0415
    from leadwise.app.settings import Settings  # noqa: PLC0415

    threading.Thread(target=_end_with_service, daemon=True).start()
    settings = Settings()
    set_up_logs(settings.log_level)
    run_worker(settings)


def _end_with_service() -> None:
    """Ask this process to end when its standard input ends, which the service holds open as long as it lives."""
    os.read(sys.stdin.fileno(), 1)  # past Python's buffer, whose lock this thread would still hold at the end
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def working_on_jobs(host: str, port: int) -> Iterator[None]:
    """For the length of the block, a process works on jobs.

    Args:
        host: Where web processes are to answer. They start first: somebody waits for them.
        port: There.
    """
    keeper = _Keeper(HTTPConnection(host, port, timeout=BEGIN_SECONDS))
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


class _Keeper:
    """Keeps one process alive, from the first answer of a web process on."""

    def __init__(self, web: HTTPConnection) -> None:
        self._web = web
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(timeout=END_SECONDS)
        if self._process is not None:
            self._process.kill()

    def _keep(self) -> None:
        with suppress(OSError, HTTPException):  # where nobody answers, this process is needed all the same
            self._web.request("GET", "/health")
            self._web.getresponse()
        self._web.close()
        while not self._stopping.is_set():
            # A session of its own: Ctrl-C reaches the service alone, which then asks this process to end.
            self._process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own command
            if self._stopping.is_set():
                self._process.terminate()
            code = self._process.wait()
            if not self._stopping.is_set():
                logging.getLogger(__name__).warning("The process that works on jobs ended (%s); another begins", code)
                self._stopping.wait(AGAIN_SECONDS)
