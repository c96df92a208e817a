"""Benchmarks that need neither peers nor data of others still run, at sizes that say nothing of speed."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sizes", "told"),
    [
        ("imports", "--events 2000 --leads 100", "The same again"),
        ("features", "--leads 500 --events 3000 --pandas-leads 500 --runs 1", "pandas"),
        ("scoring", "--rows 300", "three reasons"),
    ],
)
def test_a_benchmark_runs(name: str, sizes: str, told: str):
    command = [sys.executable, FOLDER / f"{name}.py", *sizes.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
