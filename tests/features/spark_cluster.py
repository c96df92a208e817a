"""A real Spark cluster on this machine: a master and workers, each a process of its own, on loopback alone."""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_DEPLOY = "org.apache.spark.deploy"
_SECONDS_TO_START = 90
BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For Java that runs for a minute: compiling its own code well, and looking for garbage in threads, takes longer."""


@contextmanager
def spark_cluster(folder: Path, workers: int = 2) -> Iterator[str]:
    """The master's `spark://` address, until all of them are stopped."""
    port, pages = _free_port(), _free_port()
    with ExitStack() as stack:
        stack.enter_context(_process(folder, "master", "master.Master", "--port", port, "--webui-port", pages))
        _wait_until(lambda: _answers(port))
        for number in range(workers):
            options = ["--cores", 1, "--memory", "1g", "--webui-port", _free_port(), "--work-dir", folder / str(number)]
            address = f"spark://127.0.0.1:{port}"
            stack.enter_context(_process(folder, f"worker-{number}", "worker.Worker", *options, address))
        _wait_until(lambda: (folder / "master.log").read_text().count("Registering worker") == workers)
        yield f"spark://127.0.0.1:{port}"


@contextmanager
def _process(folder: Path, name: str, role: str, *arguments: object) -> Iterator[None]:
    specification = importlib.util.find_spec("pyspark")
    assert specification is not None
    assert specification.origin is not None
    program = Path(specification.origin).with_name("bin") / "spark-class"
    environment = {
        **os.environ,
        "SPARK_HOME": str(program.parents[1]),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "JDK_JAVA_OPTIONS": BRIEF,
        "PYSPARK_PYTHON": sys.executable,
    }
    command = [program, f"{_DEPLOY}.{role}", "--host", "127.0.0.1", *arguments]
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen([*map(str, command)], env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait_until(condition) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while not condition():
        assert time.monotonic() < deadline, "the cluster did not start"
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
