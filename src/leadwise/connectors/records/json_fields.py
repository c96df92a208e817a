"""Columns as JSON objects, one per row, column by column: a million rows in about a second."""

import datetime as dt
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute

_SPECIAL = r'["\\\x00-\x1f]'
_CONTROL = r"[\x00-\x1f]"
_ESCAPES = (("\\", r"\\"), ('"', r"\""), ("\n", r"\n"), ("\r", r"\r"), ("\t", r"\t"))


def json_objects(columns: dict[str, Any], rows: int, *, with_nulls: bool) -> Any:
    """An object of all columns for each row, as JSON text.

    Args:
        columns: Arrow arrays by field. An empty text is null, "not given", and so is a number that is none.
        rows: How many rows there are.
        with_nulls: Whether to say what is null, or to leave it out.

    >>> made = json_objects({"a": pa.array(["x", ""]), "n": pa.array([1.5, 2.0])}, 2, with_nulls=False)
    >>> made.to_pylist()
    ['{"a":"x","n":1.5}', '{"n":2}']
    """
    if not columns:
        return pa.array(["{}"] * rows)
    members = [_member(name, column, with_nulls=with_nulls) for name, column in columns.items()]
    # Each begins with a comma; the first of a row loses it.
    joined = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*members, ""), 1)
    return pc.binary_join_element_wise("{", joined, "}", "")


def _member(name: str, column: Any, *, with_nulls: bool) -> Any:
    key = f",{orjson.dumps(name).decode()}:"
    member = pc.binary_join_element_wise(key, _values(column), "")
    return pc.fill_null(member, f"{key}null" if with_nulls else "")


def _values(column: Any) -> Any:
    """The values as JSON text; null stays null."""
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind)).cast(pa.string())
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = pa.array([_written(value) for value in column.to_pylist()], pa.string())
    texts = column.cast(pa.string())
    return _quoted(pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts))


def _quoted(texts: Any) -> Any:
    if pc.any(pc.match_substring_regex(texts, _SPECIAL)).as_py():
        plain = texts
        for character, escape in _ESCAPES:
            texts = pc.replace_substring(texts, character, escape)
        if pc.any(pc.match_substring_regex(texts, _CONTROL)).as_py():
            written = [None if text is None else orjson.dumps(text).decode() for text in plain.to_pylist()]
            return pa.array(written, pa.string())
    return pc.binary_join_element_wise('"', texts, '"', "")


def _written(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, dt.datetime | dt.date | dt.time) else str(value)
