"""JSON Lines, and one JSON array of objects. Nested values become JSON text; a missing key is null."""

from collections.abc import Iterable

import orjson
import pyarrow as pa

from leadwise.connectors.errors import DamagedTableError, NoRowsError
from leadwise.connectors.tables.cells import to_column
from leadwise.connectors.tables.headers import clean_names
from leadwise.connectors.tables.source import Source
from leadwise.connectors.tables.table_file import LeftOutRow, TableFile, TableFormat

_LINES_SHOWN = 5
_Read = tuple[list[dict[str, object]], list[LeftOutRow]]


def read_json(source: Source) -> TableFile:
    """The table in a JSON file: one row per object, one column per key."""
    content = b"".join(source.chunks()).removeprefix(b"\xef\xbb\xbf")
    records, left_out = _array(source, content) if content.lstrip().startswith(b"[") else _lines(content)
    if not records:
        raise DamagedTableError(source.path, "JSON Lines", "no line holds a JSON object ({...})")
    names = list(dict.fromkeys(key for record in records for key in record))
    if not names:
        raise NoRowsError(source.path, 0, "the objects are empty")
    columns = [to_column([record.get(name) for record in records]) for name in names]
    clean, notes = clean_names(source.path, names)
    if left_out:
        shown = ", ".join(str(row.number) for row in left_out[:_LINES_SHOWN])
        more = ", ..." if len(left_out) > _LINES_SHOWN else ""
        notes.append(f"Left out {_lines_count(len(left_out))} without a JSON object: number {shown}{more}.")
    table = pa.Table.from_arrays(columns, names=clean)
    return TableFile(table, ("Read as JSON.", *notes), TableFormat.JSON, tuple(left_out))


def _lines_count(count: int) -> str:
    return f"{count:,} {'line' if count == 1 else 'lines'}"


def _array(source: Source, content: bytes) -> _Read:
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise DamagedTableError(source.path, "JSON", str(error)) from error
    return _objects((value, orjson.dumps(value)) for value in values)


def _lines(content: bytes) -> _Read:
    return _objects((_parsed(line), line) for line in content.split(b"\n") if line.strip())


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _objects(values: Iterable[tuple[object, bytes]]) -> _Read:
    """The values that are objects, and the others, each given with its text."""
    records: list[dict[str, object]] = []
    left_out: list[LeftOutRow] = []
    for number, (value, written) in enumerate(values, start=1):
        if isinstance(value, dict):
            records.append(value)
        else:
            left_out.append(LeftOutRow(number, "It is no JSON object ({...}).", written.decode(errors="replace")))
    return records, left_out
