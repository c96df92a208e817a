"""The rows that were not stored: as they came, with their number and the reason, in a file of their own."""

import re
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from leadwise.connectors.tables.writing import TableWriter

_VALUE = re.compile(r'"[^"]*"')


class Rejects:
    """Writes rejected rows. The file appears at the end, if there are any; one of an earlier run goes.

    Args:
        path: The file: .csv, .tsv, .parquet or .jsonl.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._first: dict[str, str] = {}
        self.reasons: dict[str, int] = {}
        """The first reason of each sort, and how many rows have one like it."""
        self._writer = TableWriter(path)
        self._open = False

    def __enter__(self) -> Self:
        return self

    def add(self, rows: pa.Table, begin: int, reasons: dict[int, str]) -> None:
        """Keep rows of the file.

        Args:
            rows: A part of the file.
            begin: The number of its first row in the file, from 0.
            reasons: By position in the part.
        """
        if not reasons:
            return
        if not self._open:
            self._writer.__enter__()
            self._open = True
        positions = sorted(reasons)
        for position in positions:
            self._count(reasons[position])
        own: dict[str, Any] = {
            _free("row", rows): pa.array([begin + position + 1 for position in positions]),
            _free("reason", rows): pa.array([reasons[position] for position in positions]),
        }
        taken: Any = rows.take(pa.array(positions))
        self._writer.write(pa.table(own | dict(zip(taken.column_names, taken.columns, strict=True))))

    def _count(self, reason: str) -> None:
        self.count += 1
        first = self._first.setdefault(_VALUE.sub("", reason), reason)
        self.reasons[first] = self.reasons.get(first, 0) + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            # Also after an error: what was stored before it has its rejected rows.
            self._writer.__exit__(None, None, None)
        elif kind is None:
            self.path.unlink(missing_ok=True)


def _free(name: str, rows: pa.Table) -> str:
    """The name, unless the file has a column of that name."""
    while name in rows.column_names:
        name = f"_{name}"
    return name
