"""Columns out of loose values, as spreadsheets and JSON give them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa

_ONE_TYPE: tuple[tuple[tuple[type, ...], pa.DataType], ...] = (
    ((bool,), pa.bool_()),
    ((int,), pa.int64()),
    ((float, int), pa.float64()),
    ((dt.date,), pa.date32()),
    ((dt.datetime, dt.date), pa.timestamp("us")),
)
_PLAIN: dict[Any, Any] = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
_INT64 = range(-(1 << 63), 1 << 63)


def to_column(values: Sequence[object]) -> "pa.Array[Any]":
    """The values as one Arrow column: typed where all are of one type, else as text. Empty text is null.

    >>> to_column([1, 2.5, None]).type, to_column([1, "x"]).to_pylist(), to_column([{"a": 1}]).to_pylist()
    (DataType(double), ['1', 'x'], ['{"a":1}'])
    """
    kinds = {type(value) for value in values if value is not None and value != ""}
    for allowed, arrow_type in _ONE_TYPE:
        if kinds and kinds <= set(allowed) and not (int in kinds and _has_huge(values)):
            return pa.array([None if value == "" else value for value in values], arrow_type)
    return pa.array([_text(value) for value in values], pa.string())


def without_views(table: pa.Table) -> pa.Table:
    """The table with plain texts where it has string views, as from polars: Arrow cannot pick rows of those.

    >>> without_views(pa.table({"a": pa.array(["x"], pa.string_view())})).schema.types
    [DataType(large_string)]
    """
    fields: Any = enumerate(table.schema)
    for position, field in fields:
        column: Any = table.column(position)
        if pa.types.is_dictionary(field.type) and field.type.value_type in _PLAIN:
            plain = _PLAIN[field.type.value_type]
            chunks: Any = [pa.DictionaryArray.from_arrays(c.indices, c.dictionary.cast(plain)) for c in column.chunks]
            kind: Any = pa.dictionary(field.type.index_type, plain)
            table = table.set_column(position, field.name, pa.chunked_array(chunks, kind))
        elif field.type in _PLAIN:
            table = table.set_column(position, field.name, column.cast(_PLAIN[field.type]))
    return table


def _has_huge(values: Sequence[object]) -> bool:
    return any(isinstance(value, int) and value not in _INT64 for value in values)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | dict):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return str(value)
