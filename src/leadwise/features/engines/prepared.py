"""Statements that DuckDB plans once and then runs on a few rows at a time.

Of a few rows, planning a statement takes ten times as long as running it. DuckDB keeps the plan of a prepared statement
only if it reads no table, so that the rows come as parameters: a list for each column.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from leadwise.features.texts import WholeColumn

if TYPE_CHECKING:
    import duckdb

_TYPES = {"int64": "BIGINT", "int32": "INTEGER", "double": "DOUBLE", "string": "VARCHAR", "bool": "BOOLEAN"}
_WITH = "WITH "


class PreparedStatement:
    """A statement for tables of certain columns.

    Args:
        connection: Its own: a statement and its plan live there.
        statement: Begins with WITH.
        tables: Tables of these columns are what it reads; their rows do not matter.
    """

    def __init__(self, connection: "duckdb.DuckDBPyConnection", statement: str, tables: Mapping[str, pa.Table]) -> None:
        self._connection = connection
        self._schema: pa.Schema | None = None
        read = ", ".join(_tables_of_parameters(tables))
        connection.execute(f"PREPARE features AS {_WITH}{read}, {statement.removeprefix(_WITH)}")

    def run(self, tables: Mapping[str, pa.Table]) -> pa.Table:
        """The statement's result for these rows."""
        given = [_parameter(table[field.name], field.type) for table in tables.values() for field in table.schema]
        query = f"EXECUTE features({', '.join(given)})"
        if self._schema is None:
            found: pa.Table = self._connection.sql(query).to_arrow_table()
            self._schema = found.schema
            return found
        rows = self._connection.execute(query).fetchall()  # for a few rows the quickest of all ways
        together: Any = pa.array(rows, pa.struct(list(self._schema)))
        return pa.Table.from_batches([pa.RecordBatch.from_struct_array(together)], self._schema)


def can_be_parameters(tables: Mapping[str, pa.Table]) -> bool:
    """Whether all columns are of types that are known here."""
    return all(str(field.type) in _TYPES for table in tables.values() for field in table.schema)


def _tables_of_parameters(tables: Mapping[str, pa.Table]) -> Iterator[str]:
    place = 0
    for name, table in tables.items():
        columns = []
        for field in table.schema:
            place += 1
            columns.append(f"unnest(CAST(${place} AS {_TYPES[str(field.type)]}[])) AS {field.name}")
        yield f"{name} AS (SELECT {', '.join(columns)})"


def _parameter(values: WholeColumn, dtype: pa.DataType) -> str:
    """A list of SQL. Only one of the very type that was prepared for keeps the plan."""
    listed = ", ".join(map(_literal, values.to_pylist()))
    if pa.types.is_string(dtype):
        return f"CAST([{listed}] AS VARCHAR[])"
    return f"CAST('[{listed}]' AS {_TYPES[str(dtype)]}[])"  # one text is read faster than a term for each number


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
