"""The real command in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

COMMAND = (str(Path(sys.executable).with_name("leadwise")), "demo")
pytestmark = [pytest.mark.slow, pytest.mark.alone]


@pytest.fixture
def environment(empty_url: str) -> dict[str, str]:
    return {**os.environ, "LEADWISE_DATABASE_URL": empty_url}


def test_one_command_prints_the_ten_likeliest_leads_twice(environment):
    runs = [
        subprocess.run(
            (*COMMAND, "--exit", "--leads", "400"), env=environment, capture_output=True, text=True, check=True
        )
        for _ in range(2)
    ]
    for run in runs:
        assert run.stdout.startswith("Simulated data")
        assert "\n10. " in run.stdout
        assert "AUC" in run.stdout
        assert "Traceback" not in run.stderr
    first, second = (run.stdout.splitlines() for run in runs)
    assert "A new simulated dealership: 400 leads" in first[-1]
    assert "again: 400 leads" in second[-1]


@pytest.mark.parametrize(("stop", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_served_demo_answers_and_stops_cleanly(environment, stop, status):
    arguments = (*COMMAND, "--port", "0", "--leads", "400")
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        line = next(line for line in run.stdout if "http://" in line)
        address = next(word for word in line.split() if word.startswith("http://"))
        assert "Simulated data" in httpx.get(f"{address}/leads", timeout=20).text
        run.send_signal(stop)
        assert run.wait(20) == status
        assert "Traceback" not in run.stderr.read()
