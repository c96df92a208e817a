"""Frames of other libraries as Arrow tables, and back: pandas, polars, Arrow, or a file's path."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from leadwise.connectors.errors import DuplicateColumnsError
from leadwise.connectors.tables import read_table
from leadwise.connectors.tables.cells import without_views
from leadwise.domain.errors import Invalid


class UnknownFrameError(Invalid):
    """The data are in no form that we read."""

    code = "unknown_frame"

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(
            f"A table was expected as a pandas, polars or Arrow frame, a dict of columns, or a file's path, "
            f"but came as {kind}; convert it first."
        )


def to_arrow(frame: Any) -> pa.Table:
    """The frame as an Arrow table.

    Raises:
        UnknownFrameError: if it is no frame that we know.

    >>> to_arrow({"a": [1, 2]}).num_rows
    2
    >>> to_arrow(3)
    Traceback (most recent call last):
    leadwise.app.frames.UnknownFrameError: A table was expected as a pandas, polars or Arrow frame, ...
    """
    if isinstance(frame, str | Path):
        return read_table(frame).table
    if isinstance(frame, pa.Table):
        table = frame
    elif isinstance(frame, dict):
        table = pa.table(frame)
    elif _library(frame) == "pandas" and hasattr(frame, "columns"):
        table = _from_pandas(frame)
    elif hasattr(frame, "__arrow_c_stream__"):
        table = pa.table(frame)
    else:
        raise UnknownFrameError(type(frame).__name__)
    repeated = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if repeated:
        raise DuplicateColumnsError(type(frame).__name__, repeated)
    return without_views(table)


def from_arrow(table: pa.Table, like: Any) -> Any:
    """The table in the form of another frame: pandas (with its index), polars, or else Arrow."""
    library = _library(like)
    if library == "pandas":
        frame = table.to_pandas()
        frame.index = like.index
        return frame
    if library == "polars":
        import polars as pl  # noqa: PLC0415 - only where the caller uses it

        return pl.from_arrow(table)
    return table


def _library(frame: Any) -> str:
    return type(frame).__module__.partition(".")[0]


def _from_pandas(frame: Any) -> pa.Table:
    """Column by column, so that one of mixed types becomes text and stops nothing."""
    names = [str(name) for name in frame.columns]
    columns = [_from_series(frame.iloc[:, position]) for position in range(len(names))]
    return pa.Table.from_arrays(columns, names=names)


def _from_series(series: Any) -> Any:
    try:
        return pa.Array.from_pandas(series)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.array([None if value is None or value != value else str(value) for value in series], pa.string())  # noqa: PLR0124
