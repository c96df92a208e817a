"""A table that was read from a file, and what was done to read it."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import pyarrow as pa


class TableFormat(StrEnum):
    """How a table is stored in a file."""

    DELIMITED = "delimited text"
    PARQUET = "Parquet"
    EXCEL = "Excel"
    JSON = "JSON Lines"


@dataclass(frozen=True)
class LeftOutRow:
    """A row of a file that does not fit its table.

    Args:
        number: Which of the rows it is, from 1; the header and empty lines do not count.
        reason: Why it was left out, in a sentence.
        text: The row as it stands in the file.
    """

    number: int
    reason: str
    text: str


@dataclass(frozen=True)
class TableFile:
    """A table as it stands in a file.

    Args:
        table: The values: strings exactly as written for delimited text, typed for the other formats.
        notes: Sentences for the user on what was found and done: encoding, separator, rows that were skipped.
        format: How the file stores it.
        left_out: The rows that are not in the table, in their order.
    """

    table: pa.Table
    notes: tuple[str, ...]
    format: TableFormat
    left_out: tuple[LeftOutRow, ...] = ()

    @cached_property
    def row_numbers(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Which row of the file each row of the table is, from 1."""
        numbers = np.arange(1, self.table.num_rows + len(self.left_out) + 1)
        return np.delete(numbers, [row.number - 1 for row in self.left_out])
