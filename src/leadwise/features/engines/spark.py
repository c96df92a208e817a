"""The distributed engine: the same statements on Spark, in this process or on a cluster.

Tables go in and out as Parquet in a folder that all machines of the cluster see, so that none of them passes through
Java's memory row by row.
"""

import importlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from leadwise.features.engines import Engine, Tables
from leadwise.features.engines.errors import EngineError
from leadwise.features.engines.spark_session import LOCAL, get_session

ROWS_PER_GROUP = 100_000
"""A file is read by as many processors as it has groups of rows."""


@dataclass(frozen=True)
class SparkDialect:
    """How Spark spells what is not spelt alike everywhere."""

    def count_if(self, condition: str) -> str:
        """As `Dialect.count_if`."""
        return f"count_if({condition})"

    def power_of_two(self, exponent: str) -> str:
        """As `Dialect.power_of_two`."""
        return f"shiftleft(CAST(1 AS BIGINT), CAST({exponent} AS INT))"


@dataclass(frozen=True)
class SparkEngine:
    """Runs statements on Spark; may be shared between threads.

    Args:
        master: `spark_session.LOCAL`, or `spark://HOST:PORT`.
        folder: Where tables are handed over: all workers see it under this path. None: the system's folder for
            temporary files, which does where all workers are on this machine.
        memory: How much each Java process may take ("2g").
        moments_at_once: How many moments one statement has.
        statements_at_once: How many statements run at the same time; each has the whole cluster.
    """

    master: str = LOCAL
    folder: Path | None = None
    memory: str = "2g"
    moments_at_once: int = 5_000_000
    statements_at_once: int = 1
    dialect: SparkDialect = field(default_factory=SparkDialect)

    def suited_to(self, rows: int, columns: int) -> Engine:  # noqa: ARG002 - as all engines
        """Itself."""
        return self

    def run(self, statement: str, tables: Tables, columns: pa.Schema | None = None) -> pa.Table:
        """As `Engine.run`.

        Raises:
            EngineError: if Spark could not finish.
            SparkMissingError, SparkUnreachableError: if it cannot be started.
        """
        session = get_session(self.master, self.memory)
        with self.shared_folder() as folder, _errors_named():
            for name, table in tables.items():
                session.read.parquet(_url(_stored(table, folder / f"{name}.parquet"))).createOrReplaceTempView(name)
            found = folder / "found"
            session.sql(statement).write.parquet(_url(found))
            files = sorted(found.glob("part-*.parquet"))  # named in order
            together = pa.concat_tables([pq.ParquetFile(path).read() for path in files])
            return together if columns is None else together.cast(columns)

    def run_each(self, work: Callable[[int], None], count: int) -> None:
        """Call `work(0)`, ..., `work(count - 1)` wherever there is a free processor; what they make is files.

        Args:
            work: A function of a module that the workers have installed, or a `partial` of one; may be called twice
                for one number, where a worker was lost.
            count: How often.

        Raises:
            EngineError: if one of them failed four times.
            SparkMissingError, SparkUnreachableError: if Spark cannot be started.
        """
        session = get_session(self.master, self.memory)
        with _errors_named():
            session.sparkContext.parallelize(range(count), max(count, 1)).foreach(work)

    @contextmanager
    def shared_folder(self) -> Iterator[Path]:
        """A folder of one's own that all workers see, as long as it is needed."""
        with tempfile.TemporaryDirectory(prefix="leadwise-spark-", dir=self.folder) as name:
            folder = Path(name).absolute()
            folder.chmod(0o777)
            yield folder


@contextmanager
def _errors_named() -> Iterator[None]:
    """What Spark raises of its machines becomes ours; a statement that it does not understand is our mistake."""
    errors = importlib.import_module("pyspark.errors")
    gateway = importlib.import_module("py4j.protocol")
    try:
        yield
    except (errors.AnalysisException, errors.ParseException):
        raise
    except (errors.PySparkException, gateway.Py4JError, gateway.Py4JNetworkError) as error:
        raise EngineError("Spark", _reason(error)) from error


def _reason(error: Any) -> str:
    """The innermost cause that Java names, else the first line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (causes or lines or [type(error).__name__])[-1 if causes else 0]


def _stored(table: pa.Table | Path, path: Path) -> Path:
    if isinstance(table, Path):
        return table.absolute()
    pq.write_table(table, path, row_group_size=ROWS_PER_GROUP)
    path.chmod(0o644)
    return path


def _url(path: Path) -> str:
    return f"file://{path}"
