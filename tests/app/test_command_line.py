"""The program as a whole: what it is called with, and what it loads before it knows what for."""

import subprocess
import sys
from importlib.metadata import version


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_it_says_which_version_it_is():
    done = subprocess.run([sys.executable, "-m", "leadwise", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"leadwise {version('leadwise')}\n"


def test_help_waits_for_no_engine_no_database_and_no_learner():
    slow = ("duckdb", "pyspark", "sqlalchemy", "lightgbm", "sklearn", "pandas")
    loaded = run_python(f"import sys, leadwise.app.cli; print([name for name in {slow} if name in sys.modules])")
    assert loaded == "[]\n"
