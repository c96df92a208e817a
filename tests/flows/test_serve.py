"""The real service in processes of its own: several workers, killed ones, and an orderly end."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import text
from tests.app.serving import activate, small_model

from leadwise.store.database import Database, open_database

COMMAND = str(Path(sys.executable).with_name("leadwise"))
BODY = {"features": {"appointments_count": 4, "inbound_messages_count": 2}}


@contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A service of its own, and its address."""
    variables = os.environ | {"LEADWISE_DATA_FOLDER": str(folder)} | environment
    command = [COMMAND, "serve", "--port", "0", *options]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            address = re.search(r"http://\S+", said)
            assert address, said + process.stderr.read()
            url = address.group()
            _wait_until_ready(url)
            yield process, url
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=60)
            process.kill()


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 90
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/ready", timeout=10).status_code == 200:
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def count(database: Database) -> int:
    with database.transaction() as connection:
        return int(connection.execute(text("SELECT count(*) FROM scores")).scalar_one())


class Hammer:
    """Asks from several threads until it is stopped, and counts the answers."""

    def __init__(self, url: str, threads: int) -> None:
        self.answered, self.broken = 0, 0
        self.versions: set[str] = set()
        self._counting, self._stop = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url,)) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _ask(self, url: str) -> None:
        while not self._stop.is_set():
            with suppress(httpx.TransportError), httpx.Client(base_url=url, timeout=30) as client:
                while not self._stop.is_set():
                    answer = client.post("/api/v1/predict", json=BODY)
                    with self._counting:
                        if answer.status_code == 200:
                            self.answered += 1
                            self.versions.add(answer.json()["model_version"])
                        else:
                            self.broken += 1

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def kill_a_worker(service: int) -> None:
    for child in psutil.Process(service).children():
        with suppress(psutil.NoSuchProcess):  # one that was killed and not yet buried is none either
            if "spawn_main" in " ".join(child.cmdline()):
                child.send_signal(signal.SIGKILL)
                return


@pytest.mark.slow
def test_workers_are_killed_again_and_again_and_no_answer_is_missing_in_the_ledger(data_folder: Path):
    with open_database(None, data_folder) as database, serving(data_folder, "--open", "--workers", "3") as (main, url):
        hammer = Hammer(url, threads=8)
        for _ in range(6):
            time.sleep(1.5)
            kill_a_worker(main.pid)
        time.sleep(3)
        hammer.stop()
        stored = count(database)
        assert hammer.broken == 0
        assert 0 < hammer.answered <= stored <= hammer.answered + 6 * 8


@pytest.mark.slow
def test_all_workers_follow_an_activation_within_a_second_or_so(data_folder: Path):
    with open_database(None, data_folder) as database, serving(data_folder, "--open", "--workers", "4") as (_, url):
        warm = Hammer(url, threads=8)
        time.sleep(3)
        warm.stop()
        model = small_model()
        time.sleep(10)  # all of them have read what models need by now, on a busy machine too
        version, activated = activate(database, model), time.monotonic()
        while True:
            hammer = Hammer(url, threads=8)
            time.sleep(1)
            hammer.stop()
            if hammer.versions == {version}:
                break
            assert time.monotonic() - activated < 6  # a second, where nothing else runs


def test_the_service_ends_in_good_order(data_folder: Path):
    with serving(data_folder, "--open") as (process, url):
        assert httpx.post(f"{url}/api/v1/predict", json=BODY, timeout=30).status_code == 200
        assert process.stdout is not None
        assert any("Working on jobs" in line for line in process.stdout)
        process.terminate()
        logs, said = process.communicate(timeout=60)
        assert process.returncode in {0, 143}
        assert "Stopped working on jobs" in logs
        assert "Fatal" not in said
        with pytest.raises(httpx.TransportError):
            httpx.get(url, timeout=5)
    assert not [
        each for each in psutil.process_iter(["cmdline"]) if str(data_folder) in " ".join(each.info["cmdline"] or [])
    ]
    with open_database(None, data_folder) as database:
        assert count(database) == 1


def test_nobody_comes_in_without_a_key_from_elsewhere(tmp_path: Path):
    command = [COMMAND, "serve", "--open", "--host", "0.0.0.0", "--port", "0"]  # noqa: S104 - it is refused
    environment = os.environ | {"LEADWISE_DATA_FOLDER": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make keys" in done.stderr


def test_older_names_of_variables_are_understood(data_folder: Path):
    with serving(
        data_folder, "--open", LEADWISE_DATA_FOLDER="", MODEL_DIR=str(data_folder), LOG_LEVEL="warning", WORKERS="1"
    ) as (_, url):
        assert httpx.get(f"{url}/health", timeout=30).json()["status"] == "healthy"
    assert (data_folder / "postgresql.users").exists()
