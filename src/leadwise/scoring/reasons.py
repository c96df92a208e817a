"""Reasons as sentences that sales staff read: what a lead's value is, and what is typical."""

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats
from leadwise.features.booleans import parse_booleans
from leadwise.features.encoding import sentinel_numbers, to_numbers
from leadwise.features.placeholders import are_placeholders
from leadwise.features.row_encoding import (
    REMEMBERED,
    is_absent,
    is_number,
    one_cell,
    plain_days,
    plain_number,
    typed_days_of,
)
from leadwise.features.texts import CodedColumn, to_codes

LONGEST_VALUE = 60
Sentences = NDArray[np.object_]
AMOUNTS = {ColumnKind.NUMBER, ColumnKind.MONEY, ColumnKind.PERCENTAGE}


def sentences(table: pa.Table, column: Column, rows: NDArray[np.intp]) -> Sentences:
    """What each of these rows holds in a column, in words.

    >>> visits = Column(name="Visits", kind=ColumnKind.NUMBER, parts=("value",), typical=3.0)
    >>> list(sentences(pa.table({"Visits": ["1532", ""]}), visits, np.array([0, 1])))
    ['Visits is 1,532 (typical: 3)', 'Visits is not given (typical: 3)']
    """
    if column.name not in table.column_names:
        return np.full(len(rows), _sentence(column, "not given"), dtype=object)
    coded = to_codes(table.column(column.name).take(rows))
    by_text = [_sentence(column, value) for value in _values(coded, column)]
    return np.array([*by_text, _sentence(column, "not given")], dtype=object)[coded.codes]


class CellSentences:
    """The same sentences for one value at a time; those of texts are remembered."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._look_up: Callable[[str], str] = lru_cache(REMEMBERED)(self._read)

    def __call__(self, value: object) -> str:
        """What a value says, in words."""
        if is_absent(value):
            return _sentence(self._column, "not given")
        if isinstance(value, str):
            return self._short_way(value) or self._look_up(value)
        if self._column.kind in AMOUNTS and is_number(value):
            return self._of_number(float(value))
        if self._column.kind is ColumnKind.DATE and (days := typed_days_of(value)) is not None:
            return _sentence(self._column, _day(days))
        return self._read(value)

    def _read(self, value: object) -> str:
        table = pa.table({self._column.name: one_cell(value)})
        return str(sentences(table, self._column, np.zeros(1, dtype=np.intp))[0])

    def _short_way(self, text: str) -> str | None:
        """The sentence of a plain number or date, which hardly ever repeat; None for any other text."""
        if self._column.kind in AMOUNTS and (number := plain_number(text, self._column.decimal)) is not None:
            return self._of_number(number)
        if self._column.kind is ColumnKind.DATE and text not in self._column.missing_values:
            days = plain_days(text)
            return None if days is None else _sentence(self._column, _day(days))
        return None

    def _of_number(self, number: float) -> str:
        given = number not in self._sentinels
        return _sentence(self._column, _number(self._column, number) if given else "not given")

    @cached_property
    def _sentinels(self) -> frozenset[float]:
        return frozenset(sentinel_numbers(self._column).tolist())


def _values(coded: CodedColumn, column: Column) -> list[str]:
    """Each distinct text as people would say it."""
    texts = [str(text) for text in coded.texts.to_pylist()]
    missing = are_placeholders(coded.texts) | np.isin(texts, column.missing_values)
    if column.kind is ColumnKind.BOOLEAN:
        words = [
            "not given" if np.isnan(yes) else "yes" if yes else "no" for yes in parse_booleans(coded.texts, column.yes)
        ]
    elif column.kind is ColumnKind.TEXT:
        words = [f"a text of {len(text.split()):,} words" for text in texts]
    elif column.kind in AMOUNTS:
        words = [_number(column, number) for number in to_numbers(coded.texts, column)]
    elif column.kind is ColumnKind.DATE:
        words = [_day(day) for day in to_numbers(coded.texts, column)]
    else:
        words = [_short(text) for text in texts]
    return ["not given" if gone else word for word, gone in zip(words, missing, strict=True)]


def _sentence(column: Column, value: str) -> str:
    typical = _typical(column)
    return f"{column.name} is {value} (typical: {typical})" if typical else f"{column.name} is {value}"


def _typical(column: Column) -> str:
    typical = column.typical
    if typical is None:
        return ""
    if isinstance(typical, str):
        if column.kind is ColumnKind.BOOLEAN:
            return "yes" if typical.casefold() in column.yes else "no"
        return _short(typical)
    return _day(typical) if column.kind is ColumnKind.DATE else _number(column, typical)


def _number(column: Column, number: float) -> str:
    if np.isnan(number):
        return "not given"
    percent = "%" if column.kind is ColumnKind.PERCENTAGE else ""
    if number == round(number) and abs(number) < 1e15:  # noqa: PLR2004 - beyond it, digits are made up
        return f"{number:,.0f}{percent}"
    return f"{number:,.2f}{percent}" if abs(number) >= 1 else f"{number:.3g}{percent}"


def _day(day: float) -> str:
    if np.isnan(day):
        return "not given"
    moment = np.datetime64("1970-01-01", "D") + np.timedelta64(int(np.floor(day)), "D")
    return f"{moment.astype(object):%a} {moment}"


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LONGEST_VALUE else f"{one_line[: LONGEST_VALUE - 1]}…"


def strongest(contributions: Floats, reasons: int) -> NDArray[np.intp]:
    """Positions of each row's strongest contributions, strongest first. Shape (rows, min(reasons, columns)).

    >>> strongest(np.array([[0.1, -2.0, 0.5]]), 2).tolist()
    [[1, 2]]
    """
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")
    return order[:, :reasons]


def reason_columns(
    table: pa.Table, columns: Sequence[Column], contributions: Floats, reasons: int
) -> list[tuple[Sentences, Floats]]:
    """For each rank, from the strongest: the sentences and the contributions, by row.

    Ranks beyond the number of columns are empty texts and 0.
    """
    chosen = strongest(contributions, reasons)
    ranks = []
    for rank in range(reasons):
        words, weights = np.full(len(contributions), "", dtype=object), np.zeros(len(contributions))
        if rank < chosen.shape[1]:
            weights = np.take_along_axis(contributions, chosen[:, [rank]], axis=1)[:, 0]
            for position in np.unique(chosen[:, rank]):
                rows = np.flatnonzero(chosen[:, rank] == position)
                rows = rows[weights[rows] != 0]  # what changes nothing is no reason
                if len(rows):
                    words[rows] = sentences(table, columns[position], rows)
        ranks.append((words, weights))
    return ranks
