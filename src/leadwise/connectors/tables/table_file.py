"""A table that was read from a file, and what was done to read it."""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class TableFormat(StrEnum):
    """How a table is stored in a file."""

    DELIMITED = "delimited text"
    PARQUET = "Parquet"
    EXCEL = "Excel"
    JSON = "JSON Lines"


@dataclass(frozen=True)
class TableFile:
    """A table as it stands in a file.

    Args:
        table: The values: strings exactly as written for delimited text, typed for the other formats.
        notes: Sentences for the user on what was found and done: encoding, separator, rows that were skipped.
        format: How the file stores it.
    """

    table: pa.Table
    notes: tuple[str, ...]
    format: TableFormat
