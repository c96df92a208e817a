"""What each column of a table holds, found from its values and its name, never from the outcome.

A kind is decided by the rows that hold something: empty texts, placeholders and null have no say. The order of rows and
of columns makes no difference.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from leadwise.domain.column import Column, ColumnKind
from leadwise.features.booleans import yes_texts
from leadwise.features.dates import hours, read_dates
from leadwise.features.matching import Floats
from leadwise.features.naming import names_code, names_identifier
from leadwise.features.numbers import parse_numbers, read_numbers
from leadwise.features.placeholders import has_sentinel
from leadwise.features.tally import Tally, tally, weighted_median
from leadwise.features.texts import WholeColumn
from leadwise.features.wording import is_free_text, looks_like_identifier, looks_like_padded_code

LEVEL_LIMIT = 1_000
"""At most so many levels are kept of a category; the rarer ones are read as "another value"."""

_PURE_SHARE = 0.95  # from this share on, the other texts are junk and not a sign of another kind
_LIKELY_SHARE = 0.5
_JUNK_SHOWN = 10
_CATEGORY_LIMIT = 50  # with more distinct values it is a code
_RUN_LENGTH = 20  # fewer different numbers in a row may be chance
_ID_SHARE = 0.95

_Recogniser = Callable[[str, Tally], Column | None]


def infer_columns(table: pa.Table) -> list[Column]:
    """How each column is read, in the table's order.

    >>> table = pa.table({"paid": ["yes", "no", ""], "sum": ["$1", "$2", "$9"]})
    >>> [column.kind.value for column in infer_columns(table)]
    ['boolean', 'money']
    """
    with ThreadPoolExecutor() as pool:  # Arrow and numpy leave Python's lock while they work
        return list(pool.map(infer_column, table.column_names, table.columns))


def infer_column(name: str, values: WholeColumn) -> Column:
    """How one column is read.

    >>> infer_column("City", pa.array(["Pune", "Select", "Pune", "Oslo", ""])).model_dump(exclude_defaults=True)
    {'name': 'City', 'kind': <ColumnKind.CATEGORY: 'category'>, 'missing_values': ('Select',), 'levels': ('Pune',),
     'parts': ('value',), 'typical': 'Pune', 'missing_share': 0.4, 'distinct': 2}
    """
    counted = tally(values)
    for recognise in _RECOGNISERS:
        column = recognise(name, counted)
        if column is not None:
            return column
    return _as_category(name, counted)


def _as_empty(name: str, counted: Tally) -> Column | None:
    if counted.given or (counted.placeholders and counted.nulls):
        return None  # left at "Select" and never asked are two things
    return _column(name, ColumnKind.EMPTY, counted)


def _as_constant(name: str, counted: Tally) -> Column | None:
    if len(counted.texts) != 1 or counted.given != counted.rows:
        return None
    return _column(name, ColumnKind.CONSTANT, counted, typical=counted.most_frequent())


def _as_boolean(name: str, counted: Tally) -> Column | None:
    yes = yes_texts(counted.texts) if counted.given else None
    if yes is None:
        return None
    return _column(name, ColumnKind.BOOLEAN, counted, yes=yes, typical=counted.most_frequent(), parts=("value",))


def _as_date(name: str, counted: Tally) -> Column | None:
    if not _may_be(read_dates(counted.sample.texts, counted.sample.counts).days, counted):
        return None
    reading = read_dates(counted.texts, counted.counts)
    known = ~np.isnan(reading.days)
    if not counted.mostly(known, _PURE_SHARE):
        return None
    days, junk = reading.days[known], counted.commonest(~known, _JUNK_SHOWN)
    parts = ("day", "weekday", "month", "hour") if hours(days).any() else ("day", "weekday", "month")
    return _column(
        name,
        ColumnKind.DATE,
        counted.only(known),
        missing_values=(*counted.placeholders, *junk),
        day_first=reading.day_first,
        parts=parts,
        typical=weighted_median(days, counted.counts[known]),
    )


def _as_number(name: str, counted: Tally) -> Column | None:
    if names_code(name) or not _may_be(read_numbers(counted.sample.texts, counted.sample.counts).values, counted):
        return None
    reading = read_numbers(counted.texts, counted.counts)
    known = ~np.isnan(reading.values)
    if not counted.mostly(known, _PURE_SHARE) or looks_like_padded_code(counted.texts):
        return None
    junk = counted.commonest(~known, _JUNK_SHOWN)
    numbers, counts = reading.values[known], counted.counts[known]
    if has_sentinel(numbers, counts):
        junk = (*junk, *counted.commonest(reading.values == -1, _JUNK_SHOWN))
        known &= reading.values != -1
        numbers, counts = reading.values[known], counted.counts[known]
    return _column(
        name,
        reading.kind,
        counted.only(known),
        missing_values=(*counted.placeholders, *junk),
        decimal=reading.decimal,
        parts=("value",),
        typical=weighted_median(numbers, counts),
        distinct=len(np.unique(numbers)),
    )


def _as_id(name: str, counted: Tally) -> Column | None:
    distinct_share = len(counted.texts) / counted.given if counted.given else 0.0
    if distinct_share < _ID_SHARE or not looks_like_identifier(counted.sample.texts):
        return None
    if not names_identifier(name) and _may_be(parse_numbers(counted.sample.texts), counted):
        return _column(name, ColumnKind.ID, counted) if _is_run(parse_numbers(counted.texts)) else None
    return _column(name, ColumnKind.ID, counted)


def _may_be(readings: Floats, counted: Tally) -> bool:
    """Whether enough of the sample could be read that it is worth reading all of it."""
    return counted.sample.mostly(~np.isnan(readings), _LIKELY_SHARE)


def _is_run(numbers: Floats) -> bool:
    """Whether they are whole numbers that leave few out: 1001, 1002, 1003..."""
    if len(numbers) < _RUN_LENGTH or np.isnan(numbers).any() or not np.array_equal(numbers, np.floor(numbers)):
        return False
    return bool(np.ptp(numbers) + 1 <= 2 * len(numbers))


def _as_text(name: str, counted: Tally) -> Column | None:
    if not is_free_text(counted.sample):
        return None
    return _column(name, ColumnKind.TEXT, counted, parts=("length", "words"))


def _as_category(name: str, counted: Tally) -> Column:
    kind = ColumnKind.CATEGORY if len(counted.texts) <= _CATEGORY_LIMIT else ColumnKind.CODE
    levels = counted.levels(LEVEL_LIMIT)
    return _column(name, kind, counted, levels=levels, parts=("value",), typical=counted.most_frequent())


def _column(name: str, kind: ColumnKind, counted: Tally, **found: object) -> Column:
    plain = {"distinct": len(counted.texts), "missing_values": counted.placeholders}
    return Column.model_validate({"name": name, "kind": kind, "missing_share": counted.missing_share, **plain, **found})


_RECOGNISERS: tuple[_Recogniser, ...] = (
    _as_empty,
    _as_constant,
    _as_boolean,
    _as_date,
    _as_id,
    _as_number,
    _as_text,
)
