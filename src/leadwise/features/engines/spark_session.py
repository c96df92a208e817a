"""The one Spark session of this process, started when it is first needed."""

import importlib
import importlib.util
import os
import shutil
import socket
import sys
import time
import warnings
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from leadwise.features.engines.errors import SparkMissingError, SparkUnreachableError, UnknownEngineError

LOCAL = "local[*]"
"""The master that is this process itself, with all processors."""
_DEFAULT_PORT = 7077
_SECONDS_TO_ANSWER = 5.0
_SECONDS_FOR_WORKERS = 60
_DRIVER_AND_ONE = 2
_QUIET = Path(__file__).with_name("spark_log4j2.properties")
_PYSPARK, _PYSPARK_STEP = "PySpark", "install it with `uv sync --extra spark` or `pip install leadwise[spark]`"
_JAVA, _JAVA_STEP = "Java 17 or newer", "install it (`apt-get install openjdk-17-jre-headless` on Debian and Ubuntu)"
_lock = Lock()
_running: dict[str, Any] = {}
"""The first session of the application that runs, by its master; empty, or one."""


def get_session(master: str, memory: str) -> Any:
    """A session of its own for the caller, on the Spark application that runs in this process for that master.

    A process has one Spark application: another master's is stopped first. It ends with the process, or by `stop`.

    Args:
        master: `LOCAL`, or `spark://HOST:PORT`.
        memory: How much each Java process may take ("2g"); counts when an application is started.

    Raises:
        SparkMissingError: if PySpark or Java is not installed.
        SparkUnreachableError: if no master answers.
    """
    with _lock:
        if _running and master not in _running:
            _stop()
        if not _running:
            _running[master] = _start(master, memory)
        return _running[master].newSession()


def stop() -> None:
    """End the Spark application of this process, if there is one."""
    with _lock:
        _stop()


def _stop() -> None:
    for session in _running.values():
        session.stop()
    _running.clear()


def _start(master: str, memory: str) -> Any:
    _check_installed()
    here = master == LOCAL or _is_loopback(_check_answers(master))
    if here:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # elsewhere the workers' own Python runs
    # We hand it no frame of pandas, so that its opinion of pandas is nothing to the user.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    builder = importlib.import_module("pyspark.sql").SparkSession.builder.master(master).appName("leadwise")
    for name, value in _settings(memory, here=here).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # Java's own errors come as several kinds
        raise SparkUnreachableError(master, str(error).strip().splitlines()[0]) from error
    if master != LOCAL and not _has_workers(session):
        session.stop()
        reason = f"no worker had a processor and {memory} of memory free within {_SECONDS_FOR_WORKERS} seconds"
        raise SparkUnreachableError(master, reason)
    return session


def _has_workers(session: Any) -> bool:
    """Whether a worker takes part; Spark itself would wait for one for ever."""
    context = session.sparkContext._jsc.sc()  # noqa: SLF001 - the one way to ask
    deadline = time.monotonic() + _SECONDS_FOR_WORKERS
    while context.getExecutorMemoryStatus().size() < _DRIVER_AND_ONE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _settings(memory: str, *, here: bool) -> dict[str, str]:
    processors = str(os.cpu_count() or 1)
    given = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",  # what overflows is an error, as in DuckDB
        "spark.sql.parquet.compression.codec": "snappy",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": memory,
        "spark.executor.memory": memory,
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_QUIET.as_uri()}",
    }
    nearby = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": processors,
        "spark.sql.adaptive.enabled": "false",  # planning anew after each step takes longer than the steps
    }
    return given | nearby if here else given


def _check_installed() -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise SparkMissingError(_PYSPARK, _PYSPARK_STEP)
    home = os.environ.get("JAVA_HOME")
    if not (home and (Path(home) / "bin" / "java").exists()) and shutil.which("java") is None:
        raise SparkMissingError(_JAVA, _JAVA_STEP)


def _check_answers(master: str) -> str:
    """The master's host, once something listens there: Spark itself would try for a minute."""
    try:
        parts = urlsplit(master)
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORT
    except ValueError as error:
        raise UnknownEngineError(master) from error
    try:
        socket.create_connection((host, port), _SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise SparkUnreachableError(master, error.strerror or str(error)) from error
    return host


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
