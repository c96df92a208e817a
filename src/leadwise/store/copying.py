"""Rows out of the database as Arrow tables: COPY as CSV, read by Arrow while it comes; a few rows as they are."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
from sqlalchemy import Connection

_BLOCK_BYTES = 1 << 22
_LONGEST_ROW_BYTES = 1 << 24
_STAMP = pa.timestamp("us", "UTC")


def prepare(connection: Connection) -> None:
    """Let the rest of the transaction sort in memory."""
    connection.exec_driver_sql("SET LOCAL work_mem = '256MB'")


@contextmanager
def joined_whole(connection: Connection, *, many: bool) -> Iterator[None]:
    """Where many rows are read, tables are joined as wholes, and never row by row.

    A database that has not looked at its tables since they were filled takes them for nearly empty: what row-level
    security adds to a query then makes it go through 5,000 leads for each of 5,000, which takes minutes. An import ends
    with that look (`bulk.look_at`); what came through the service waits for the server's own.
    """
    if not many:
        yield
        return
    connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
    yield
    connection.exec_driver_sql("SET LOCAL enable_nestloop = on")


def copy_table(connection: Connection, query: str, given: Mapping[str, object], schema: pa.Schema) -> pa.Table:
    """The rows of a query as a table of the schema; its columns must come in that order.

    Args:
        connection: Whose transaction.
        query: With `%(name)s` for each given value.
        given: The values.
        schema: The columns; those called occurred_at and recorded_at are instants in the query and whole microseconds
            since 1970 in the table.
    """
    fields: Any = schema
    read: Any = {field.name: _STAMP if field.name.endswith("ed_at") else field.type for field in fields}
    convert = pv.ConvertOptions(
        column_types=read, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
        true_values=["t"], false_values=["f"],
    )  # fmt: skip
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", given) as copy:
        blocks = _blocks(copy)
        first = next(blocks, b"")
        if not first:
            return schema.empty_table()
        options = pv.ReadOptions(column_names=schema.names, block_size=_LONGEST_ROW_BYTES)
        parse = pv.ParseOptions(newlines_in_values=True)
        file: Any = _File(first, blocks)
        reader = pv.open_csv(file, options, parse, convert)
        return pa.Table.from_batches([_in_microseconds(batch, schema) for batch in reader], schema)


def fetch_tables(
    connection: Connection, asked: Sequence[tuple[str, pa.Schema]], given: Mapping[str, object]
) -> list[pa.Table]:
    """What `copy_table` gives for each query, all asked for at once: quicker where there are few rows.

    They are planned each time: a plan that is kept from when tables were small would read larger ones whole.
    """
    driver: Any = connection.connection.driver_connection
    with ExitStack() as stack:
        stack.enter_context(driver.pipeline())
        cursors = [stack.enter_context(driver.cursor()) for _ in asked]
        for cursor, (query, _) in zip(cursors, asked, strict=True):
            cursor.execute(query, given, prepare=False)
        return [_table(cursor.fetchall(), schema) for cursor, (_, schema) in zip(cursors, asked, strict=True)]


def _table(rows: list[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns: Any = zip(*rows, strict=True) if rows else [()] * len(schema)
    fields: Any = schema
    arrays = [
        pa.array(column, _STAMP).cast(field.type) if field.name.endswith("ed_at") else pa.array(column, field.type)
        for column, field in zip(columns, fields, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def _in_microseconds(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns: Any = batch.columns
    fields: Any = schema
    whole = [column.cast(field.type) for column, field in zip(columns, fields, strict=True)]
    return pa.RecordBatch.from_arrays(whole, schema=schema)


def _blocks(copy: Any) -> Iterator[bytes]:
    """The bytes of the copy, which come row by row, in larger pieces."""
    rows: list[bytes] = []
    size = 0
    for row in copy:
        rows.append(bytes(row))
        size += len(row)
        if size >= _BLOCK_BYTES:
            yield b"".join(rows)
            rows, size = [], 0
    if rows:
        yield b"".join(rows)


class _File(io.RawIOBase):
    """Blocks as a file that can be read once, from its beginning."""

    def __init__(self, first: bytes, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._rest, self._blocks = memoryview(first), blocks

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        end = len(self._rest) if size < 0 else size
        piece, self._rest = bytes(self._rest[:end]), self._rest[end:]
        return piece
