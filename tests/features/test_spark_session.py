import sys

import pyarrow as pa
import pytest

from leadwise.features.engines.choice import get_engine
from leadwise.features.engines.errors import SparkMissingError, SparkUnreachableError

ONE = {"one": pa.table({"number": [1]})}


def ask(engine: str) -> pa.Table:
    return get_engine(engine).run("SELECT number FROM one", ONE)


def test_without_pyspark_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(
        SparkMissingError, match=r"need PySpark.*pip install leadwise\[spark\].*or use the engine duckdb"
    ):
        ask("spark-local")


def test_without_java_it_is_said_how_to_install_it(monkeypatch, tmp_path):
    pytest.importorskip("pyspark", reason="not offered by the other side: the extra `spark` is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(SparkMissingError, match=r"need Java 17 or newer.*openjdk-17-jre-headless"):
        ask("spark-local")


def test_a_master_that_is_not_there_is_noticed_at_once():
    pytest.importorskip("pyspark", reason="not offered by the other side: the extra `spark` is not installed")
    with pytest.raises(
        SparkUnreachableError, match=r"spark://127.0.0.1:1 did not answer: Connection refused\. Start a"
    ):
        ask("spark://127.0.0.1:1")
