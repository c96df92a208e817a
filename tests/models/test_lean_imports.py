"""Processes that answer begin without libraries that they never use."""

import subprocess
import sys

import numpy as np
import pyarrow as pa

from leadwise.registry.model_file import write_model_file
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

HEAVY = (
    "pandas",
    "sklearn",
    "scipy",
    "lightgbm",
    "duckdb",
    "httpx",
    "typst",
    "pyspark",
    "opentelemetry.sdk",
    "rich",
    "phonenumbers",
    "leadwise.training.fitting",
)


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_arrow_comes_without_pandas_which_can_be_imported_later():
    said = run(
        "import sys; from leadwise.models.lean_imports import import_lean; import_lean()\n"
        "print('pyarrow' in sys.modules, 'pandas' in sys.modules)\n"
        "import pandas, pyarrow; print(pyarrow.array([1.5]).to_pylist(), len(sys.meta_path))\n"
        "import_lean(); print(len(sys.meta_path))"
    )
    first, second, third = said.splitlines()
    assert first == "True False"
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


def test_a_row_is_answered_by_trees_without_heavy_libraries(tmp_path):
    visits = np.random.default_rng(1).poisson(6, 300)
    table = pa.table({"visits": visits, "won": visits > 5})
    model = fit(table, FitOptions(outcome="won", algorithms=("gradient_boosting",), budget_seconds=5))
    write_model_file(model, tmp_path / "model.leadwise")
    said = run(
        "import sys, pathlib\n"
        "from leadwise.domain.clock import now\n"
        "from leadwise.models.lean_imports import import_lean\n"
        "from leadwise.registry.model_file import read_model_file\n"
        "from leadwise.scoring.requests import ModelScorer\n"
        "import_lean()\n"
        f"scorer = ModelScorer(read_model_file(pathlib.Path({str(tmp_path / 'model.leadwise')!r})))\n"
        "print(scorer.predict([{'visits': 75}], now())[0].model_version)\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert said.split("\n")[:2] == [model.card.model_version, "[]"]
