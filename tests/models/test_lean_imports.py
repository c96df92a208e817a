"""Processes that answer begin without libraries that they never use."""

import subprocess
import sys

HEAVY = (
    "pandas",
    "sklearn",
    "scipy.stats",
    "duckdb",
    "httpx",
    "typst",
    "pyspark",
    "opentelemetry.sdk",
    "leadwise.training.fitting",
)


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_lightgbm_and_arrow_come_without_pandas_and_scikit_learn_which_can_be_imported_later():
    said = run(
        "import sys; from leadwise.models.lean_imports import import_lean; import_lean()\n"
        "print('lightgbm' in sys.modules, 'pandas' in sys.modules, 'sklearn' in sys.modules)\n"
        "import pandas, sklearn, pyarrow; print(pyarrow.array([1.5]).to_pylist(), len(sys.meta_path))\n"
        "import_lean(); print(len(sys.meta_path))"
    )
    first, second, third = said.splitlines()
    assert first == "True False False"
    assert second.startswith("[1.5]")
    assert second.endswith(third)


def test_other_threads_find_what_is_hidden_from_one():
    said = run(
        "import sys, threading; from leadwise.models.lean_imports import _Hiding\n"
        "sys.meta_path.insert(0, _Hiding()); found = []\n"
        "def other():\n    import pandas; found.append(pandas.__name__)\n"
        "thread = threading.Thread(target=other); thread.start(); thread.join()\n"
        "print(found)"
    )
    assert said.strip() == "['pandas']"


def test_a_web_process_is_ready_without_heavy_libraries():
    said = run(f"import sys, leadwise.app.service.wiring\nprint([name for name in {HEAVY} if name in sys.modules])")
    assert said.strip() == "[]"
