"""One row's raw values to numbers, in microseconds, and the same numbers as in a table (`encoding.py`).

The rules stand in `encoding.py` alone. A text that was seen before is looked up; one that was not is read as a table of
one cell, which takes a millisecond or so. The plainest values, which hardly ever repeat, take a short way: a number, a
text of nothing but digits and a point, an ISO date, a text of words.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, TypeGuard, cast

import numpy as np
import pyarrow as pa

from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats
from leadwise.features.dates import SECONDS_PER_DAY
from leadwise.features.encoding import DATE_PARTS, NUMERIC, encode_parts, sentinel_numbers
from leadwise.features.texts import to_text

Parts = tuple[float, ...]
REMEMBERED = 4096
"""Texts of each column that are looked up instead of read again."""

_EPOCH = date(1970, 1, 1).toordinal()
_LARGEST_WHOLE = 2**63
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"-?[0-9]+")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?Z?)?")
_WORD = re.compile(r"[^\t\n\f\r ]+")
_YEARS = range(1800, 2201)
_NUMBERS = frozenset({int, float})
_NUMBERS_OR_NONE = frozenset({int, float, type(None)})
LARGEST_EXACT = 2**53
"""Whole numbers below it are exact as numbers of 64 bits with a point, which is how JSON is mostly read."""
_PLAIN_KINDS = frozenset({*NUMERIC, ColumnKind.DATE, ColumnKind.TEXT})


@dataclass(frozen=True, slots=True)
class GivenColumn:
    """What callers gave for one column.

    Args:
        values: By row; None where nothing was given.
        is_plain: Whether each of them is None or a number that stands for itself, and JSON holds it exactly.
    """

    values: list[object]
    is_plain: bool


class RowEncoder:
    """The features of rows that are told by column name, one by one or some together.

    >>> visits = Column(name="visits", kind=ColumnKind.NUMBER, parts=("value",))
    >>> city = Column(name="city", kind=ColumnKind.CATEGORY, levels=("Mumbai", "Pune"), parts=("value",))
    >>> encoder = RowEncoder([visits, city])
    >>> encoder.encode({"city": "Pune", "visits": "1,200"}).tolist(), encoder.encode({"visits": 3}).tolist()
    ([1200.0, 1.0], [3.0, nan])
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._readers = [
            (column.name, reader, reader.takes_numbers) for column in columns for reader in [CellReader(column)]
        ]
        self._width = sum(len(column.parts) for column in columns)

    def encode(self, row: Mapping[str, object]) -> Floats:
        """The features of one row, shape (features,), in the order of the columns and of their parts.

        Args:
            row: Raw values by column name; an absent one counts as not given, and more of them do no harm.
        """
        found: list[float] = []
        for name, reader, takes_numbers in self._readers:
            value = row.get(name)
            if takes_numbers and type(value) in _NUMBERS and -_LARGEST_WHOLE < cast("float", value) < _LARGEST_WHOLE:
                found.append(cast("float", value))  # the shortest way, for what callers of a service mostly send
            else:
                found += reader.parts(value)
        return np.array(found, dtype=np.float64)

    def encode_rows(self, rows: Sequence[Mapping[str, object]]) -> tuple[Floats, list[GivenColumn]]:
        """What `encode` gives for each row, shape (rows, features), read column by column; and what was given.

        >>> visits = Column(name="visits", kind=ColumnKind.NUMBER, parts=("value",))
        >>> values, (given,) = RowEncoder([visits]).encode_rows([{"visits": 3}, {}])
        >>> values.tolist(), given
        ([[3.0], [nan]], GivenColumn(values=[3, None], is_plain=True))
        """
        values, columns, start = np.empty((len(rows), self._width)), [], 0
        for name, reader, takes_numbers in self._readers:
            given = [row.get(name) for row in rows]
            numbers = _plain_numbers(given) if takes_numbers else None
            end = start + reader.width
            if numbers is None:
                values[:, start:end] = np.reshape([reader.parts(value) for value in given], (len(rows), reader.width))
            else:
                values[:, start] = numbers
            columns.append(GivenColumn(given, numbers is not None))
            start = end
        return values, columns


def _plain_numbers(values: list[object]) -> Floats | None:
    """The values as an array with NaN for None; None where one of them is not plain (`GivenColumn`)."""
    if not _NUMBERS_OR_NONE.issuperset(map(type, values)):
        return None
    try:
        found = np.array(values, dtype=np.float64)
    except OverflowError:
        return None
    given = found[~np.isnan(found)]
    if len(given) + values.count(None) < len(values):  # somebody gave a NaN
        return None
    return found if not len(given) or np.abs(given).max() < LARGEST_EXACT else None


class CellReader:
    """Reads the values of one column."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._not_given = (math.nan,) * len(column.parts)
        self._date_parts: Callable[[float], Parts] = lru_cache(REMEMBERED)(self._read_days)
        self._look_up: Callable[[str | float], Parts] = lru_cache(REMEMBERED, typed=True)(self._read)

    def parts(self, value: object) -> Parts:
        """The number of each of the column's parts; NaN where there is none."""
        if is_absent(value):
            return self._not_given
        if isinstance(value, str):
            short = self._short_way(value) if self._column.kind in _PLAIN_KINDS else None
            return self._look_up(value) if short is None else short
        if self._column.kind in NUMERIC and is_number(value):
            return self._without_sentinel(float(value))
        if self._column.kind is ColumnKind.DATE and (days := typed_days_of(value)) is not None:
            return self._date_parts(days)
        return self._look_up(value) if isinstance(value, int | float) else self._read(value)

    def _read(self, value: object) -> Parts:
        """The parts of a column of one cell."""
        return tuple(float(part[0]) for part in encode_parts(one_cell(value), self._column))

    def _short_way(self, text: str) -> Parts | None:
        """The parts of a plain text; None where it takes the long way."""
        if self._column.kind in NUMERIC:
            number = plain_number(text, self._column.decimal)
            return None if number is None else self._without_sentinel(number)
        if self._column.kind is ColumnKind.DATE:
            days = plain_days(text)
            return None if days is None else self._date_parts(days)
        if self._column.kind is ColumnKind.TEXT and is_plain(text) and text not in self._column.missing_values:
            return tuple(_TEXT_PARTS[part](text) for part in self._column.parts)
        return None

    @property
    def width(self) -> int:
        """How many parts the column has."""
        return len(self._column.parts)

    def _read_days(self, days: float) -> Parts:
        return tuple(float(DATE_PARTS[part](np.array(days))) for part in self._column.parts)

    @property
    def takes_numbers(self) -> bool:
        """Whether a number stands for itself."""
        return self._column.kind in NUMERIC and not self._sentinels

    @cached_property
    def _sentinels(self) -> frozenset[float]:
        return frozenset(sentinel_numbers(self._column).tolist())

    def _without_sentinel(self, number: float) -> Parts:
        return (math.nan,) if number in self._sentinels else (number,)


_TEXT_PARTS: dict[str, Callable[[str], float]] = {
    "length": lambda text: float(len(text)),
    "words": lambda text: float(len(_WORD.findall(text))),
}


def is_absent(value: object) -> bool:
    """Whether there is no value: None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number that a column of 64 bits would hold as it is.

    >>> is_number(3), is_number(True), is_number(10**30)
    (True, False, False)
    """
    return type(value) in {float, int} and abs(cast("float", value)) < _LARGEST_WHOLE


def one_cell(value: object) -> Any:
    """A column of this one value; of its text, where Arrow knows no type for it."""
    try:
        return pa.array([value])
    except (pa.ArrowException, OverflowError, UnicodeError, ValueError, TypeError):
        return pa.array([str(value).encode("utf-8", "replace").decode()])


def cell_text(value: object) -> str | None:
    """The canonical text of one value (`texts.to_text`); None where it has none.

    >>> cell_text("L-1"), cell_text(" 7.0 "), cell_text("")
    ('L-1', '7', None)
    """
    if isinstance(value, str) and is_plain(value):
        return value
    text: str | None = to_text(one_cell(value))[0].as_py()
    return text


def typed_days_of(value: object) -> float | None:
    """Days since 1970-01-01 of a date, or of a time without zone and parts of a second; None for anything else.

    >>> typed_days_of(date(1970, 1, 3)), typed_days_of("1970-01-03")
    (2.0, None)
    """
    if not isinstance(value, date) or value.year not in _YEARS:
        return None
    days = value.toordinal() - _EPOCH
    if not isinstance(value, datetime):
        return float(days)
    if value.tzinfo is not None or value.microsecond:
        return None
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return (days * SECONDS_PER_DAY + seconds) / SECONDS_PER_DAY


def is_plain(text: str) -> bool:
    """Whether a text is its own canonical text beyond doubt: no space around, no ".0" at its end."""
    return (
        text != ""
        and " " < text[0] < "\x7f"
        and " " < text[-1] < "\x7f"
        and not text.endswith(".0")
        and (text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text))
    )


def plain_number(text: str, decimal: str) -> float | None:
    """The number of a text of digits, with a point where that is the decimal mark; None for any other text.

    >>> plain_number("12.5", "."), plain_number("12.5", ","), plain_number("1,200", ".")
    (12.5, None, None)
    """
    if not (_NUMBER if decimal == "." else _WHOLE).fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else math.nan


def plain_days(text: str) -> float | None:
    """Days since 1970-01-01 in UTC of an ISO date, with or without time; None for any other text.

    >>> plain_days("1970-01-02T12:00:00Z"), plain_days("2.1.1970"), plain_days("1970-02-30")
    (1.5, None, None)
    """
    written = _DATE.fullmatch(text)
    if written is None:
        return None
    day, hour, minute, second = written.groups()
    try:
        ordinal = date.fromisoformat(day).toordinal()
    except ValueError:
        return None
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if int(day[:4]) not in _YEARS or hours > 23 or minutes > 59 or seconds > 59:  # noqa: PLR2004 - of a clock
        return None
    return ((ordinal - _EPOCH) * SECONDS_PER_DAY + hours * 3600 + minutes * 60 + seconds) / SECONDS_PER_DAY
