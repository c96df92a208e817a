"""The embedded engine: DuckDB, within this process.

Memory is bounded, for all statements together; what does not fit is spilled to disk. Of a few rows, planning takes ten
times as long as running: statements over these are SQLite's.
"""

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import pyarrow as pa

from leadwise.features.engines import Engine, Tables
from leadwise.features.engines.errors import EngineError
from leadwise.features.engines.sqlite import MOST_COLUMNS, SQLiteEngine

if TYPE_CHECKING:
    import duckdb

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # Whoever calls brings a processor along, and statements that share none take less of them.
    "threads": 1,
    # Joins begin with the moments, as statements do, so that rows come in their order and none has to be moved.
    "disabled_optimizers": "build_side_probe_side",
}


@dataclass(frozen=True)
class DuckDBDialect:
    """How DuckDB spells what is not spelt alike everywhere."""

    def count_if(self, condition: str) -> str:
        """As `Dialect.count_if`."""
        return f"CAST(count_if({condition}) AS BIGINT)"

    def power_of_two(self, exponent: str) -> str:
        """As `Dialect.power_of_two`."""
        return f"(CAST(1 AS BIGINT) << CAST({exponent} AS INTEGER))"


@dataclass
class DuckDBEngine:
    """Runs statements within this process; may be shared between threads.

    Args:
        memory_limit: How much memory statements may take, as DuckDB reads it.
        temp_directory: Where they spill what takes more; None: the system's folder for temporary files.
        threads: How many processors it may use; None: all.
        moments_at_once: How many moments one statement has: few enough that what it works on stays near a processor.
        few_rows: Up to so many rows in all tables together, SQLite is done before DuckDB has planned.
    """

    memory_limit: str = "3GB"
    temp_directory: Path | None = None
    threads: int | None = None
    moments_at_once: int = 100_000
    few_rows: int = 5_000
    dialect: DuckDBDialect = field(default_factory=DuckDBDialect)
    _database: "duckdb.DuckDBPyConnection | None" = field(default=None, repr=False)
    _of_few_rows: SQLiteEngine = field(default_factory=SQLiteEngine, repr=False)
    _lock: RLock = field(default_factory=RLock, repr=False)

    @property
    def statements_at_once(self) -> int:
        """One for each processor."""
        return self.threads or os.cpu_count() or 1

    def suited_to(self, rows: int, columns: int) -> Engine:
        """SQLite for a few rows, else itself."""
        return self._of_few_rows if rows <= self.few_rows and columns <= MOST_COLUMNS else self

    def run(self, statement: str, tables: Tables, columns: pa.Schema | None = None) -> pa.Table:
        """As `Engine.run`.

        Raises:
            EngineError: if memory or disk do not suffice.
        """
        import duckdb  # noqa: PLC0415 - heavy libraries load when used

        try:
            with self._connect() as connection:
                for name, table in tables.items():
                    source = table if isinstance(table, pa.Table) else connection.read_parquet(_files(table))
                    connection.register(name, source)
                found: pa.Table = connection.sql(statement).to_arrow_table()
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise EngineError("DuckDB", str(error)) from error
        return found if columns is None else found.cast(columns)

    def _connect(self) -> "duckdb.DuckDBPyConnection":
        """A connection of its own to the one database, in memory, that bounds what all take together."""
        import duckdb  # noqa: PLC0415

        with self._lock:
            if self._database is None:
                folder = self.temp_directory or Path(tempfile.gettempdir()) / "leadwise-duckdb"
                self._database = duckdb.connect(
                    config=_SETTINGS | {"memory_limit": self.memory_limit, "temp_directory": str(folder)}
                )
            return self._database.cursor()


def _files(path: Path) -> str:
    return str(path / "**" / "*.parquet") if path.is_dir() else str(path)
