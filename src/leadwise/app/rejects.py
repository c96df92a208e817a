"""The rows that were not stored: as they came, with their number and the reason, in a file of their own."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from leadwise.connectors.errors import FileNotWrittenError
from leadwise.connectors.tables import TableFile
from leadwise.connectors.tables.writing import TableWriter
from leadwise.domain.errors import Unavailable

_VALUE = re.compile(r'"[^"]*"')


class RejectsNotWrittenError(Unavailable):
    """The file of rejected rows cannot be written; what is stored stays stored."""

    code = "rejects_not_written"

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"The rejected rows should be written to {path}, but that failed: {reason}. What was stored until then "
            "stays. Make room or name another place (--rejects), then import the same file again: it stores what is "
            "missing, nothing twice, and tells of all rejected rows."
        )


class Rejects:
    """Writes rejected rows. The file appears at the end, if there are any; one of an earlier run goes.

    Args:
        path: The file: .csv, .tsv, .parquet or .jsonl.
        file: What the rows come from. Those that do not fit its table are rejected to begin with.
    """

    def __init__(self, path: Path, file: TableFile) -> None:
        self.path = path
        self.count = 0
        self._first: dict[str, str] = {}
        self.reasons: dict[str, int] = {}
        """The first reason of each sort, and how many rows have one like it."""
        self._file = file
        self._writer = TableWriter(path)
        self._open = self._broken = False

    def __enter__(self) -> Self:
        rows = self._file.left_out
        if rows:
            columns: Any = self._file.table.schema
            empty = {column.name: pa.nulls(len(rows), column.type) for column in columns}
            self._write([row.number for row in rows], [row.reason for row in rows], empty, [row.text for row in rows])
        return self

    def add(self, reasons: dict[int, str]) -> None:
        """Reject rows of the table, given by position, from 0.

        Raises:
            RejectsNotWrittenError: if there is no room for them.
        """
        if not reasons:
            return
        positions = sorted(reasons)
        taken: Any = self._file.table.take(pa.array(positions))
        values = dict(zip(taken.column_names, taken.columns, strict=True))
        numbers = self._file.row_numbers[positions].tolist()
        self._write(numbers, [reasons[position] for position in positions], values, [None] * len(positions))

    def _write(
        self, numbers: list[int], reasons: list[str], values: dict[str, Any], texts: Sequence[str | None]
    ) -> None:
        for reason in reasons:
            self._count(reason)
        own: dict[str, Any] = {"row": pa.array(numbers, pa.int64()), "reason": pa.array(reasons)}
        if self._file.left_out:
            own["line"] = pa.array(texts, pa.string())
        table = pa.table({_free(name, values): column for name, column in own.items()} | values)
        try:
            if not self._open:
                self._writer.__enter__()
                self._open = True
            self._writer.write(table)
        except FileNotWrittenError as error:
            self._broken = True
            raise RejectsNotWrittenError(error.path, error.reason) from error

    def _count(self, reason: str) -> None:
        self.count += 1
        first = self._first.setdefault(_VALUE.sub("", reason), reason)
        self.reasons[first] = self.reasons.get(first, 0) + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._open:
            if kind is None:
                self.path.unlink(missing_ok=True)
            return
        if self._broken:
            self._writer.__exit__(kind, error, trace)
            return
        try:  # also after an error: what was stored before it has its rejected rows
            self._writer.__exit__(None, None, None)
        except FileNotWrittenError as unwritten:
            if error is None:
                raise RejectsNotWrittenError(unwritten.path, unwritten.reason) from unwritten


def _free(name: str, taken: dict[str, Any]) -> str:
    """The name, unless the file has a column of that name."""
    while name in taken:
        name = f"_{name}"
    return name
