"""The embedded engine: DuckDB, within this process.

Memory is bounded, for all statements together; what does not fit is spilled to disk. For a few rows a statement is
planned once, and the plan kept.
"""

import os
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import pyarrow as pa

from leadwise.features.engines import Tables
from leadwise.features.engines.errors import EngineError
from leadwise.features.engines.prepared import PreparedStatement, can_be_parameters

if TYPE_CHECKING:
    import duckdb

FEW_ROWS = 1_000
"""Up to so many rows in all tables together, the plan that was kept is used rather than one that is made for them."""
STATEMENTS_KEPT = 16
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # Whoever calls brings a processor along, and statements that share none take less of them.
    "threads": 1,
    # Joins begin with the moments, as statements do, so that rows come in their order and none has to be moved.
    "disabled_optimizers": "build_side_probe_side",
}


@dataclass(frozen=True)
class DuckDBDialect:
    """How DuckDB spells what is not spelt alike everywhere."""

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
    """

    memory_limit: str = "3GB"
    temp_directory: Path | None = None
    threads: int | None = None
    moments_at_once: int = 100_000
    dialect: DuckDBDialect = field(default_factory=DuckDBDialect)
    _database: "duckdb.DuckDBPyConnection | None" = field(default=None, repr=False)
    _prepared: OrderedDict[object, PreparedStatement] = field(default_factory=OrderedDict, repr=False)
    _lock: RLock = field(default_factory=RLock, repr=False)

    @property
    def statements_at_once(self) -> int:
        """One for each processor."""
        return self.threads or os.cpu_count() or 1

    def run(self, statement: str, tables: Tables) -> pa.Table:
        """The statement's result, in the order that it asks for, if any.

        Raises:
            EngineError: if memory or disk do not suffice.
        """
        import duckdb  # noqa: PLC0415 - heavy libraries load when used

        small = {name: table for name, table in tables.items() if isinstance(table, pa.Table)}
        try:
            few = len(small) == len(tables) and sum(table.num_rows for table in small.values()) <= FEW_ROWS
            if few and can_be_parameters(small):
                with self._lock:
                    return self._find_prepared(statement, small).run(small)
            return self._run_once(statement, tables)
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise EngineError("DuckDB", str(error)) from error

    def _run_once(self, statement: str, tables: Tables) -> pa.Table:
        with self._connect() as connection:
            for name, table in tables.items():
                source = table if isinstance(table, pa.Table) else connection.read_parquet(_files(table))
                connection.register(name, source)
            found: pa.Table = connection.sql(statement).to_arrow_table()
            return found

    def _find_prepared(self, statement: str, tables: dict[str, pa.Table]) -> PreparedStatement:
        key = (statement, tuple((name, str(table.schema)) for name, table in tables.items()))
        if key not in self._prepared:
            self._prepared[key] = PreparedStatement(self._connect(), statement, tables)
            while len(self._prepared) > STATEMENTS_KEPT:
                self._prepared.popitem(last=False)
        self._prepared.move_to_end(key)
        return self._prepared[key]

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
