"""The engine of a few rows: SQLite, within this process, where a statement that is kept begins at once.

For one lead DuckDB needs a hundred milliseconds to plan a statement of a hundred features, and with a plan that is kept
ten to make room for vectors of 2,048 rows; SQLite takes less than one.
"""

import math
import sqlite3
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import pyarrow as pa

from leadwise.features.engines import Engine, Tables

STATEMENTS_KEPT = 16
MOST_COLUMNS = 900
"""SQLite has at most 2,000 in a table, and terms of at most 1,000 steps."""
_Number = float | int | None
_Row = tuple[object, ...]


@dataclass(frozen=True)
class SQLiteDialect:
    """How SQLite spells what is not spelt alike everywhere."""

    def count_if(self, condition: str) -> str:
        """As `Dialect.count_if`."""
        return f"count(CASE WHEN {condition} THEN 1 END)"

    def power_of_two(self, exponent: str) -> str:
        """As `Dialect.power_of_two`."""
        return f"(1 << CAST({exponent} AS BIGINT))"


@dataclass
class SQLiteEngine:
    """Runs statements of features on a few rows; may be shared between threads.

    Statements and the tables that they read are kept, without rows.
    """

    moments_at_once: int = 1_000
    statements_at_once: int = 1
    dialect: SQLiteDialect = field(default_factory=SQLiteDialect)
    _kept: OrderedDict[object, "_Kept"] = field(default_factory=OrderedDict, repr=False)
    _lock: RLock = field(default_factory=RLock, repr=False)

    def suited_to(self, rows: int, columns: int) -> Engine:  # noqa: ARG002 - as all engines
        """Itself."""
        return self

    def run(self, statement: str, tables: Tables, columns: pa.Schema | None = None) -> pa.Table:
        """As `Engine.run`, for tables in memory. A column that has no value and no type is null's."""
        small = {name: table for name, table in tables.items() if isinstance(table, pa.Table)}
        key = (statement, tuple((name, *table.column_names) for name, table in small.items()))
        with self._lock:
            if key not in self._kept:
                self._kept[key] = _Kept(statement, small)
                while len(self._kept) > STATEMENTS_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            names, rows = self._kept[key].run(small)
        return _typed(rows, columns) if columns else _untyped(rows, names)


class _Kept:
    """A statement with tables of its own, which have rows while it runs."""

    def __init__(self, statement: str, tables: Mapping[str, pa.Table]) -> None:
        self._statement = statement
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        for name, table in tables.items():
            self._connection.execute(f"CREATE TABLE {name} ({', '.join(table.column_names)})")
        _add_functions(self._connection)

    def run(self, tables: Mapping[str, pa.Table]) -> tuple[list[str], list[_Row]]:
        """The names of the result's columns, and its rows."""
        self._connection.execute("BEGIN")
        try:
            for name, table in tables.items():
                rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
                places = ", ".join("?" * table.num_columns)
                self._connection.executemany(f"INSERT INTO {name} VALUES ({places})", rows)  # noqa: S608 - names of our own
            found = self._connection.execute(self._statement)
            return [each[0] for each in found.description], found.fetchall()
        finally:
            self._connection.rollback()  # what was known of a lead does not stay here


def _typed(rows: list[_Row], columns: pa.Schema) -> pa.Table:
    """The rows as a table; SQLite has numbers for yes and no."""
    flags = [place for place, dtype in enumerate(columns.types) if pa.types.is_boolean(dtype)]
    read = columns
    for place in flags:
        read = read.set(place, columns.field(place).with_type(pa.int8()))
    together: Any = pa.array(rows, pa.struct(list(read)))
    table = pa.Table.from_batches([pa.RecordBatch.from_struct_array(together)], read)
    for place in flags:
        table = table.set_column(place, columns.field(place), table.column(place).cast(pa.bool_()))
    return table


def _untyped(rows: list[_Row], names: list[str]) -> pa.Table:
    columns: Any = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table([pa.array(column) for column in columns], names=names)


class _BitOr:
    def __init__(self) -> None:
        self._bits: int | None = None

    def step(self, bits: int | None) -> None:
        """Take one more."""
        if bits is not None:
            self._bits = bits | (self._bits or 0)

    def finalize(self) -> int | None:
        """All bits that were set."""
        return self._bits


def _add_functions(connection: sqlite3.Connection) -> None:
    """Those that the SQL of features has and not every SQLite."""
    connection.create_function("greatest", -1, _greatest, deterministic=True)
    connection.create_function("floor", 1, _floor, deterministic=True)
    connection.create_function("round", 1, _round, deterministic=True)
    connection.create_function("bit_count", 1, _bit_count, deterministic=True)
    connection.create_aggregate("bit_or", 1, _BitOr)  # type: ignore[arg-type]


def _greatest(*values: _Number) -> _Number:
    return max((value for value in values if value is not None), default=None)


def _floor(value: _Number) -> _Number:
    return None if value is None else float(math.floor(value))


def _round(value: _Number) -> _Number:
    """Half away from zero, as the other engines round."""
    if value is None:
        return None
    whole = float(math.trunc(value))
    return whole + math.copysign(1, value) if abs(value - whole) >= 0.5 else whole  # noqa: PLR2004


def _bit_count(value: int | None) -> int | None:
    return None if value is None else value.bit_count()
