"""The program itself, as a process: what only a process shows."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import leadwise

PROGRAM = [sys.executable, "-m", "leadwise"]
LOUD = {**os.environ, "PYTHONWARNINGS": "default"}


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        [*PROGRAM, *map(str, arguments)], cwd=folder, env=LOUD, capture_output=True, text=True, check=False, timeout=120
    )
    assert "Traceback" not in finished.stderr
    assert "Warning" not in finished.stderr
    return finished


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "leads.csv", 300)


def write(path: Path, count: int) -> Path:
    draw = random.Random(2)  # noqa: S311 - not for secrets
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Lead Id", "Visits", "Source", "Converted"])
        for number in range(count):
            visits = draw.randint(0, 50)
            won = "yes" if draw.random() < visits / 60 else "no"
            writer.writerow([f"L-{number}", visits, draw.choice(["web", "referral"]), won])
    return path


def test_a_fresh_process_scores_exactly_as_the_fitting_one_did(tmp_path, table):
    model = leadwise.fit(table, outcome="Converted", budget=3, algorithms=["gradient_boosting"])
    model.save(tmp_path / "m.leadwise")
    assert run(tmp_path, "score", "m.leadwise", table, "--out", "s.parquet").returncode == 0
    assert pq.read_table(tmp_path / "s.parquet").to_pylist() == model.score(str(table)).to_pylist()


def test_json_is_alone_on_standard_output(tmp_path, table):
    options = ["--outcome", "Converted", "--out", "m.leadwise", "--budget", "3", "--algorithm", "logistic_regression"]
    fitted = run(tmp_path, "fit", table, *options, "--json")
    assert json.loads(fitted.stdout)["leaderboard"][0]["algorithm"] == "logistic_regression"
    assert "[1/" in fitted.stderr
    validated = run(tmp_path, "validate", "m.leadwise", table)
    assert (validated.returncode, "BROKEN" in validated.stdout) == (0, False)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_stopping_leaves_the_old_file_and_nothing_else(tmp_path, number, status):
    write(tmp_path / "leads.csv", 20_000)
    (tmp_path / "m.leadwise").write_text("old")
    options = ["fit", "leads.csv", "--outcome", "Converted", "--out", "m.leadwise", "--budget", "60"]
    with subprocess.Popen([*PROGRAM, *options], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "fitting" not in process.stderr.readline():
            pass
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == status
    assert rest.endswith("Stopped. Nothing half-written was left behind.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["leads.csv", "m.leadwise"]
    assert (tmp_path / "m.leadwise").read_text() == "old"


def test_a_reader_that_goes_away_ends_it_quietly(table):
    command = [*PROGRAM, "check", str(table), "--outcome", "Converted"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("budget", [10, 60])
def test_the_budget_is_kept(tmp_path, budget):
    write(tmp_path / "leads.csv", 300_000)
    started = time.perf_counter()
    run(tmp_path, "fit", "leads.csv", "--outcome", "Converted", "--out", "m.leadwise", "--budget", budget)
    assert time.perf_counter() - started < 1.1 * budget + 3
