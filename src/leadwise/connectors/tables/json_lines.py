"""JSON Lines, and one JSON array of objects. Nested values become JSON text; a missing key is null."""

import orjson
import pyarrow as pa

from leadwise.connectors.errors import DamagedTableError, NoRowsError
from leadwise.connectors.tables.cells import to_column
from leadwise.connectors.tables.headers import clean_names
from leadwise.connectors.tables.source import Source
from leadwise.connectors.tables.table_file import TableFile, TableFormat

_LINES_SHOWN = 5


def read_json(source: Source) -> TableFile:
    """The table in a JSON file: one row per object, one column per key."""
    content = b"".join(source.chunks()).removeprefix(b"\xef\xbb\xbf")
    records, skipped = _array(source, content) if content.lstrip().startswith(b"[") else _lines(content)
    if not records:
        raise DamagedTableError(source.path, "JSON Lines", "no line holds a JSON object ({...})")
    names = list(dict.fromkeys(key for record in records for key in record))
    if not names:
        raise NoRowsError(source.path, 0, "the objects are empty")
    columns = [to_column([record.get(name) for record in records]) for name in names]
    clean, notes = clean_names(source.path, names)
    if skipped:
        shown = ", ".join(map(str, skipped[:_LINES_SHOWN])) + (", ..." if len(skipped) > _LINES_SHOWN else "")
        notes.append(f"Left out {_lines_count(len(skipped))} without a JSON object: number {shown}.")
    return TableFile(pa.Table.from_arrays(columns, names=clean), ("Read as JSON.", *notes), TableFormat.JSON)


def _lines_count(count: int) -> str:
    return f"{count:,} {'line' if count == 1 else 'lines'}"


def _array(source: Source, content: bytes) -> tuple[list[dict[str, object]], list[int]]:
    try:
        values = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise DamagedTableError(source.path, "JSON", str(error)) from error
    return _objects(values)


def _lines(content: bytes) -> tuple[list[dict[str, object]], list[int]]:
    return _objects([_parsed(line) for line in content.split(b"\n") if line.strip()])


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _objects(values: list[object]) -> tuple[list[dict[str, object]], list[int]]:
    """The values that are objects, and the numbers (from 1) of those that are not."""
    records = [value for value in values if isinstance(value, dict)]
    return records, [number for number, value in enumerate(values, start=1) if not isinstance(value, dict)]
