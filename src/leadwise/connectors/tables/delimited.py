"""Delimited text: CSV, TSV and their relatives (RFC 4180, with the liberties that people take).

Values come as strings exactly as written. Rows with too few or too many values are left out and kept apart.
"""

from typing import Literal

import pyarrow as pa
import pyarrow.csv as pv

from leadwise.connectors.errors import BinaryTableError, DamagedTableError, EmptyTableError, NoRowsError
from leadwise.connectors.tables.aligned import is_aligned, read_aligned
from leadwise.connectors.tables.encodings import MENDED_UTF8, REPLACEMENT, find_encoding
from leadwise.connectors.tables.headers import clean_names, looks_like_data
from leadwise.connectors.tables.separators import SEPARATORS, find_separator
from leadwise.connectors.tables.source import Source
from leadwise.connectors.tables.table_file import LeftOutRow, TableFile, TableFormat

_SAMPLE_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 24  # the longest row that can be read
_ROWS_SHOWN = 5
_KIND = "delimited text"


class _SkippedRows:
    """Remembers the rows that are left out."""

    def __init__(self) -> None:
        self.rows: list[LeftOutRow] = []
        self._first: list[str] = []

    def __call__(self, row: pv.InvalidRow) -> Literal["skip"]:
        assert row.number is not None
        values = "1 value" if row.actual_columns == 1 else f"{row.actual_columns} values"
        reason = f"It has {values}, but the header names {row.expected_columns}."
        self.rows.append(LeftOutRow(row.number - 1, reason, row.text))
        if len(self._first) < _ROWS_SHOWN:
            self._first.append(f"row {row.number} has {values}")
        return "skip"

    def note(self, width: int) -> str:
        """The sentence for the user."""
        count = len(self.rows)
        more = ", ..." if count > len(self._first) else ""
        rows = "1 row that does" if count == 1 else f"{count:,} rows that do"
        named = "1 column" if width == 1 else f"{width} columns"
        shown = ", ".join(self._first)
        return f"Left out {rows} not fit the {named} of the header ({shown}{more}; the header is row 1)."


def read_delimited(source: Source) -> TableFile:
    """The table in a delimited text."""
    encoding = find_encoding(source.chunks)
    sample = source.head(_SAMPLE_BYTES).decode(encoding, errors="replace")
    if not sample.strip("\ufeff\r\n\t ,;|"):
        raise EmptyTableError(source.path)
    if is_aligned(sample):
        return read_aligned(source, encoding)
    separator = find_separator(sample)
    raw, skipped = _read(source, encoding, separator)
    names, notes = clean_names(source.path, raw.column_names)
    if skipped.rows:
        notes.append(skipped.note(len(names)))
    if not raw.num_rows:
        raise NoRowsError(source.path, len(names), skipped.note(len(names)) if skipped.rows else "")
    if looks_like_data(raw.column_names):
        notes.append("The file seems to have no header: its first row was read as the names of the columns.")
    found = f"Read as {SEPARATORS[separator]}-separated text in {_spoken(encoding)}."
    left_out = tuple(skipped.rows)
    return TableFile(raw.rename_columns(names), (found, *notes), TableFormat.DELIMITED, left_out)


def _spoken(encoding: str) -> str:
    if encoding == MENDED_UTF8:
        return f"UTF-8, in which some letters are broken (read as {REPLACEMENT}); export it again if they matter"
    return encoding.removesuffix("-sig").upper()


def _read(source: Source, encoding: str, separator: str) -> tuple[pa.Table, _SkippedRows]:
    """All rows that fit the header, as strings, and those that do not."""
    # Row numbers are known to one thread only.
    read = pv.ReadOptions(encoding=encoding, block_size=_BLOCK_BYTES, use_threads=False)
    skipped = _SkippedRows()
    try:
        names = _header(source, read, separator)
        convert = pv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
        parse = pv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=skipped)
        with source.open() as file:
            table = pv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        if "cannot infer number of columns" in str(error):  # no line of it is text
            raise BinaryTableError(source.path) from error
        raise DamagedTableError(source.path, _KIND, _reason(error)) from error
    except UnicodeError as error:
        raise DamagedTableError(source.path, _KIND, f"it is not written in {encoding} throughout") from error
    _check_quotes(source, table, skipped)
    return table, skipped


def _header(source: Source, read: pv.ReadOptions, separator: str) -> list[str]:
    parse = pv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=_SkippedRows())
    with source.open() as file:
        return pv.open_csv(file, read_options=read, parse_options=parse).schema.names


def _check_quotes(source: Source, table: pa.Table, skipped: _SkippedRows) -> None:
    """Refuse a file that ends inside a quoted value, for that value has swallowed rows.

    Raises:
        DamagedTableError: if a value goes over several lines and the quotes of the file do not come in pairs.
    """
    last = table.slice(max(table.num_rows - 1, 0)).to_pylist()
    ends = [*(row.text for row in skipped.rows[-1:]), *(value for row in last for value in row.values())]
    if any("\n" in value for value in ends) and sum(chunk.count(b'"') for chunk in source.chunks()) % 2:
        start = next(value for value in ends if "\n" in value).partition("\n")[0][-40:]
        raise DamagedTableError(source.path, _KIND, f'a quote is opened and never closed, at "{start.strip()}"')


def _reason(error: Exception) -> str:
    """Arrow's words in ours, where they are known."""
    words = str(error).splitlines()[0].rstrip(".")
    if "straddling" in words:
        return f"a row is longer than {_BLOCK_BYTES >> 20} MB, perhaps because a quote is opened and never closed"
    return words
