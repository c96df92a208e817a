"""Delimited text: CSV, TSV and their relatives (RFC 4180, with the liberties that people take).

Values come as strings exactly as written. Rows with too few or too many values are left out, counted and named.
"""

from typing import Literal

import pyarrow as pa
import pyarrow.csv as pv

from leadwise.connectors.errors import DamagedTableError, NoRowsError
from leadwise.connectors.tables.encodings import find_encoding
from leadwise.connectors.tables.headers import clean_names
from leadwise.connectors.tables.separators import SEPARATORS, find_separator
from leadwise.connectors.tables.source import Source
from leadwise.connectors.tables.table_file import TableFile, TableFormat

_SAMPLE_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 25
_LINES_SHOWN = 5


class _SkippedRows:
    """Counts the rows that are left out, and remembers the first."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def __call__(self, row: pv.InvalidRow) -> Literal["skip"]:
        self.count += 1
        if self.count <= _LINES_SHOWN:
            self.first.append(f"row {row.number} has {row.actual_columns} values")
        return "skip"

    def note(self, width: int) -> str:
        more = ", ..." if self.count > len(self.first) else ""
        return (
            f"Left out {self.count:,} {'row' if self.count == 1 else 'rows'} that do not have {width} values "
            f"as the header does ({', '.join(self.first)}{more})."
        )


def read_delimited(source: Source) -> TableFile:
    """The table in a delimited text."""
    encoding = find_encoding(source.chunks())
    sample = source.head(_SAMPLE_BYTES).decode(encoding, errors="replace")
    separator = find_separator(sample)
    skipped = _SkippedRows()
    try:
        raw = _read(source, encoding, separator, skipped)
    except pa.ArrowInvalid as error:
        raise DamagedTableError(source.path, "delimited text", _first_line(error)) from error
    names, notes = clean_names(source.path, raw.column_names)
    if skipped.count:
        notes.append(skipped.note(len(names)))
    if not raw.num_rows:
        raise NoRowsError(source.path, len(names), skipped.note(len(names)) if skipped.count else "")
    found = f"Read as {SEPARATORS[separator]}-separated text in {encoding.removesuffix('-sig').upper()}."
    return TableFile(raw.rename_columns(names), (found, *notes), TableFormat.DELIMITED)


def _read(source: Source, encoding: str, separator: str, skipped: _SkippedRows) -> pa.Table:
    parse = pv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=skipped)
    # Row numbers are known to one thread only.
    read = pv.ReadOptions(encoding=encoding, block_size=_BLOCK_BYTES, use_threads=False)
    with source.open() as file:
        names = pv.open_csv(file, read_options=read, parse_options=parse).schema.names
    skipped.__init__()  # type: ignore[misc]
    convert = pv.ConvertOptions(column_types={name: pa.string() for name in names}, strings_can_be_null=False)
    with source.open() as file:
        return pv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
