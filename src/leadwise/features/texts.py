"""The one canonical text of a value, whatever type its column came with.

A model may be fitted on a Parquet file and score a CSV file. So 1, 1.0 and "1" have one text, "1"; True and "true" have
one, "true"; spaces around a value are no part of it, and an empty text is no value.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

Values: TypeAlias = "pa.Array[Any]"
WholeColumn: TypeAlias = "pa.Array[Any] | pa.ChunkedArray[Any]"
Texts: TypeAlias = "pa.Array[Any]"
"""An Arrow array of strings; null where there is none."""

pc: Any = pyarrow.compute
_OVERFLOW_BYTES = 1 << 30  # an Arrow string array holds at most 2 GiB


@dataclass(frozen=True)
class CodedColumn:
    """A column as its distinct texts and, for each row, which of them it has.

    Args:
        texts: The distinct canonical texts, none of them null, in no particular order.
        codes: One per row: the position in `texts`, or -1 where the row has none.
    """

    texts: Texts
    codes: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """In how many rows each text stands."""
        return np.bincount(self.codes + 1, minlength=len(self.texts) + 1)[1:]

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each row the value that its text was given; NaN where the row has no text."""
        return np.append(values, np.nan)[self.codes]


def to_text(column: WholeColumn) -> Texts:
    """The canonical text of each value; null where it is empty, NaN or infinite.

    >>> to_text(pa.array([1.0, 2.5, float("nan")])).to_pylist()
    ['1', '2.5', None]
    >>> to_text(pa.array([" 1.0", "", "Select"])).to_pylist()
    ['1', None, 'Select']
    """
    coded = to_codes(column)
    rows: Any = pa.array(coded.codes, mask=coded.codes < 0)
    return coded.texts.take(rows)


def to_codes(column: WholeColumn) -> CodedColumn:
    """The column's distinct canonical texts, and which of them each row has."""
    raw_values, raw_codes = _distinct(column)
    canonical = _canonical(raw_values)
    texts, codes = _distinct(canonical)
    return CodedColumn(texts, np.append(codes, -1)[raw_codes])


def _distinct(column: WholeColumn) -> tuple[Values, NDArray[np.int64]]:
    """The distinct values without null, and for each row which it has (-1 for null)."""
    column = _plain(column)
    if not len(column):  # Arrow cannot combine no chunks of every type
        return pa.array([], column.type), np.zeros(0, dtype=np.int64)
    encoded: Any = column.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return encoded.dictionary, codes


def _plain(column: WholeColumn) -> WholeColumn:
    """The column in a type that can be counted: no dictionaries, nothing nested, no text that overflows."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_null(kind):  # all null, so that no reader could tell a type
        return column.cast(pa.string())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.array([_json_text(value) for value in column.to_pylist()], pa.large_string())
    if pa.types.is_string_view(kind) or (pa.types.is_string(kind) and column.nbytes > _OVERFLOW_BYTES):
        return column.cast(pa.large_string())
    return column


def _json_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def _canonical(values: Values) -> Texts:
    """The canonical text of distinct values of any type; empty ones become null."""
    kind = values.type
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, kind))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = pc.utf8_trim_whitespace(values)
    else:
        texts = values.cast(pa.string())
    filled: Texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    if pc.any(pc.ends_with(filled, ".0")).as_py():
        filled = pc.replace_substring_regex(filled, r"^(-?\d+)\.0$", r"\1")
    return filled
