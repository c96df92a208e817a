"""The engine of a name, as settings and commands have it."""

from pathlib import Path

from leadwise.features.engines import Engine
from leadwise.features.engines.errors import UnknownEngineError

DUCKDB, SPARK_LOCAL, SPARK = "duckdb", "spark-local", "spark://"


def get_engine(name: str, folder: Path | None = None, memory: str = "2g") -> Engine:
    """The engine of this name; Spark is started when it first runs something.

    Args:
        name: "duckdb", "spark-local" or "spark://HOST:PORT".
        folder: Where Spark hands tables over.
        memory: How much each of Spark's Java processes may take.

    Raises:
        UnknownEngineError: if it is none of them.

    >>> get_engine("spark://10.0.0.1:7077").master
    'spark://10.0.0.1:7077'
    >>> get_engine("sparc")
    Traceback (most recent call last):
    leadwise.features.engines.errors.UnknownEngineError: The engine must be duckdb, spark-local or ...
    """
    if name == DUCKDB:
        from leadwise.features.engines.duckdb import DuckDBEngine  # noqa: PLC0415 - engines load when used

        return DuckDBEngine()
    if name != SPARK_LOCAL and (not name.startswith(SPARK) or name == SPARK):
        raise UnknownEngineError(name)
    from leadwise.features.engines.spark import SparkEngine  # noqa: PLC0415
    from leadwise.features.engines.spark_session import LOCAL  # noqa: PLC0415

    return SparkEngine(LOCAL if name == SPARK_LOCAL else name, folder, memory)
