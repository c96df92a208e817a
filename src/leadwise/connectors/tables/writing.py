"""Writing a table to a file: whole or not at all.

In text formats that spreadsheets open (.csv, .tsv), a *text* cell that starts with = + - @, tab or carriage return
would be run as a formula, so it gets a ' in front (OWASP, "CSV Injection"). Texts that are plain numbers ("-0.5",
"+49") cannot do harm and stay as they are. So identifiers come back unchanged unless they are formula-like.
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

import orjson
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pv
import pyarrow.parquet as pq

from leadwise.connectors.errors import TableIsFolderError, UnsupportedTableError
from leadwise.connectors.whole_file import whole_file, writing

_FORMULA = r"^[=+\-@\t\r]"
_PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
pc: Any = pyarrow.compute


class _Sink(Protocol):
    """What receives the pieces of a table in one format."""

    def write_table(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class TableWriter:
    r"""Writes a table piece by piece; the file appears when the `with` block ends without an error.

    The pieces must have the same columns and types.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with TableWriter(folder / "scores.csv") as writer:
    ...     writer.write(pa.table({"id": ["a1", "=1+1"], "p": [0.25, -0.5]}))
    >>> (folder / "scores.csv").read_text()
    '"id","p"\n"a1",0.25\n"\'=1+1",-0.5\n'
    >>> TableWriter(folder / "scores.pdf")
    Traceback (most recent call last):
    leadwise.connectors.errors.UnsupportedTableError: ...scores.pdf has .pdf, but a table is written as .csv, .tsv, ...
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() not in _SINKS:
            raise UnsupportedTableError(self.path)
        if self.path.is_dir():
            raise TableIsFolderError(self.path)
        self._open_sink = _SINKS[self.path.suffix.lower()]
        self._open_file = whole_file(self.path)
        self._sink: _Sink | None = None

    def __enter__(self) -> Self:
        self._file = self._open_file.__enter__()
        return self

    def write(self, table: pa.Table) -> None:
        """Add the rows of a table.

        Raises:
            FileNotWrittenError: if there is no room for them; let it end the `with` block.
        """
        with writing(self.path):
            if self._sink is None:
                self._sink = self._open_sink(self._file, table.schema)
            self._sink.write_table(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._sink is not None and kind is None:
                self._sink.close()
        except BaseException as broken:
            self._open_file.__exit__(type(broken), broken, broken.__traceback__)
            raise
        self._open_file.__exit__(kind, error, trace)


def write_table(table: pa.Table, path: Path | str) -> None:
    """Write a table as its file's ending says: .csv, .tsv, .parquet or .jsonl.

    Raises:
        UnsupportedTableError, TableIsFolderError, FileNotPermittedError, FileNotWrittenError: as they say; then
            nothing is left behind and an older file is as it was.
    """
    with TableWriter(path) as writer:
        writer.write(table)


def without_formulas(texts: "pa.ChunkedArray[Any]") -> "pa.ChunkedArray[Any]":
    """The texts, with a ' before those that a spreadsheet would run as a formula.

    >>> without_formulas(pa.chunked_array([["=A1", "-0.5", "-x", None]])).to_pylist()
    ["'=A1", '-0.5', "'-x", None]
    """
    risky = pc.and_not(pc.match_substring_regex(texts, _FORMULA), pc.match_substring_regex(texts, _PLAIN_NUMBER))
    quoted = pc.binary_join_element_wise(pa.scalar("'", texts.type), texts, pa.scalar("", texts.type))
    safe: pa.ChunkedArray[Any] = pc.if_else(risky, quoted, texts)
    return safe


class DelimitedSink:
    """Rows as delimited text, with a header; no cell can run as a formula in a spreadsheet."""

    def __init__(self, file: BinaryIO, schema: pa.Schema, delimiter: str) -> None:
        header = pa.array([""], pa.string())
        names = [without_formulas(pa.chunked_array([[name]], header.type))[0].as_py() for name in schema.names]
        self._schema = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
        self._writer = pv.CSVWriter(file, self._schema, write_options=pv.WriteOptions(delimiter=delimiter))

    def write_table(self, table: pa.Table) -> None:
        """Add the rows of a table of the same columns."""
        columns = [without_formulas(column) if _is_text(column.type) else column for column in table.columns]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        """Write what is left, at least the header."""
        self._writer.close()


class _JsonSink:
    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        self._file, self._names = file, schema.names

    def write_table(self, table: pa.Table) -> None:
        options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NAIVE_UTC
        for batch in table.to_batches(max_chunksize=10_000):
            self._file.writelines(orjson.dumps(row, default=str, option=options) for row in batch.to_pylist())

    def close(self) -> None:
        """The lines are all that there is."""


def _csv(file: BinaryIO, schema: pa.Schema) -> _Sink:
    return DelimitedSink(file, schema, ",")


def _tsv(file: BinaryIO, schema: pa.Schema) -> _Sink:
    return DelimitedSink(file, schema, "\t")


def _parquet(file: BinaryIO, schema: pa.Schema) -> _Sink:
    return pq.ParquetWriter(file, schema)


_SINKS: dict[str, Callable[[BinaryIO, pa.Schema], _Sink]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
    ".jsonl": _JsonSink,
    ".ndjson": _JsonSink,
}


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
