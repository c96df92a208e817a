"""Raw values to numbers: the only code that does so, for training and for scoring.

Nothing is learnt here. All that was learnt stands in the `Column`s, so one row is encoded as it would be in any batch.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate

import numpy as np
import pyarrow as pa

from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Feature, FeatureKind, Floats, Frame
from leadwise.features.booleans import parse_booleans
from leadwise.features.dates import hours, months, parse_dates, typed_days, weekdays
from leadwise.features.matching import as_floats, is_any_of, lengths, positions, word_counts
from leadwise.features.numbers import parse_numbers
from leadwise.features.texts import Texts, WholeColumn, to_codes

NUMERIC = (ColumnKind.NUMBER, ColumnKind.MONEY, ColumnKind.PERCENTAGE)
_CATEGORIES = (ColumnKind.CATEGORY, ColumnKind.CODE)
DATE_PARTS: dict[str, Callable[[Floats], Floats]] = {
    "day": lambda days: days,
    "weekday": weekdays,
    "month": months,
    "hour": hours,
}
_TEXT_PARTS: dict[str, Callable[[Texts], Floats]] = {"length": lengths, "words": word_counts}


def encode(table: pa.Table, columns: Sequence[Column]) -> Frame:
    """The features that these columns give, in the order of `columns` and of their parts.

    A column that the table lacks is all NaN; columns of the table that are not asked for are left alone.

    >>> visits = Column(name="visits", kind=ColumnKind.NUMBER, parts=("value",))
    >>> city = Column(name="city", kind=ColumnKind.CATEGORY, levels=("Mumbai", "Pune"), parts=("value",))
    >>> frame = encode(pa.table({"city": ["Pune", "", "Oslo"], "visits": ["3", "1,200", "many"]}), [visits, city])
    >>> frame.names, frame.values.tolist()
    (('visits', 'city'), [[3.0, 1.0], [1200.0, nan], [nan, 2.0]])
    """
    features = tuple(feature for column in columns for feature in column_features(column))
    values = np.full((table.num_rows, len(features)), np.nan, order="F")
    present = set(table.column_names)
    starts = accumulate((len(column.parts) for column in columns), initial=0)
    jobs = [pair for pair in zip(starts, columns, strict=False) if pair[1].parts and pair[1].name in present]

    def fill(start: int, column: Column) -> None:
        for offset, part in enumerate(encode_parts(table.column(column.name), column)):
            values[:, start + offset] = part

    with ThreadPoolExecutor() as pool:  # Arrow and numpy leave Python's lock while they work
        list(pool.map(lambda job: fill(*job), jobs))
    return Frame(features, values)


def column_features(column: Column) -> list[Feature]:
    """The features that a column gives: one per part, named after the part where there are several.

    >>> [feature.name for feature in column_features(Column(name="Seen", kind=ColumnKind.DATE, parts=("day", "month")))]
    ['Seen (day)', 'Seen (month)']
    """
    if column.kind in _CATEGORIES:
        return [Feature(column.name, column.name, FeatureKind.CATEGORY, column.levels) for _ in column.parts]
    several, is_date = len(column.parts) > 1, column.kind is ColumnKind.DATE
    return [
        Feature(f"{column.name} ({part})" if several else column.name, column.name, part=part if is_date else "")
        for part in column.parts
    ]


def to_numbers(values: WholeColumn, column: Column) -> Floats:
    """One number per row, read as `column` says: a number, 1 or 0, days since 1970-01-01 in UTC, or the level's code.

    NaN where the row has none. Texts (of kind text, id or constant) have no number of their own: all NaN.

    >>> price = Column(name="price", kind=ColumnKind.MONEY, decimal=",", missing_values=("-1",))
    >>> to_numbers(pa.array(["1.200,50 €", "-1", "ask"]), price).tolist()
    [1200.5, nan, nan]
    """
    kind = values.type
    if column.kind in NUMERIC and _is_numeric(kind):
        return _without_sentinels(_typed_numbers(values), column)
    if column.kind is ColumnKind.DATE and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return typed_days(values)
    coded = to_codes(values)
    return coded.spread(_text_numbers(coded.texts, column))


def missing_columns(table: pa.Table, columns: Sequence[Column]) -> list[str]:
    """Names of the columns that give features but that the table lacks.

    >>> missing_columns(pa.table({"a": [1]}), [Column(name="b", kind=ColumnKind.NUMBER, parts=("value",))])
    ['b']
    """
    present = set(table.column_names)
    return [column.name for column in columns if column.parts and column.name not in present]


def new_columns(table: pa.Table, columns: Sequence[Column]) -> list[str]:
    """Names of the table's columns that were not known when the columns were inferred.

    >>> new_columns(pa.table({"a": [1]}), [Column(name="b", kind=ColumnKind.NUMBER, parts=("value",))])
    ['a']
    """
    known = {column.name for column in columns}
    return [name for name in table.column_names if name not in known]


def encode_parts(values: WholeColumn, column: Column) -> list[Floats]:
    """One number per row for each of the column's parts."""
    if column.kind is ColumnKind.TEXT:
        coded = to_codes(values)
        missing = is_any_of(coded.texts, column.missing_values)
        return [coded.spread(np.where(missing, np.nan, _TEXT_PARTS[part](coded.texts))) for part in column.parts]
    numbers = to_numbers(values, column)
    if column.kind is ColumnKind.DATE:
        return [DATE_PARTS[part](numbers) for part in column.parts]
    return [numbers]


def _text_numbers(texts: Texts, column: Column) -> Floats:
    """The number of each distinct text."""
    if column.kind in _CATEGORIES:
        return np.nan_to_num(positions(texts, column.levels), nan=len(column.levels))
    if column.kind in NUMERIC:
        return _without_sentinels(parse_numbers(texts, column.decimal), column)
    if column.kind is ColumnKind.BOOLEAN:
        return parse_booleans(texts, column.yes)
    if column.kind is ColumnKind.DATE:
        return parse_dates(texts, day_first=column.day_first)
    return np.full(len(texts), np.nan)


def _typed_numbers(values: WholeColumn) -> Floats:
    if pa.types.is_float16(values.type) or pa.types.is_float32(values.type):
        # Through the shortest text, so that 0.1 stored in 32 bits is the 0.1 of a text file.
        values = values.cast(pa.string())
    numbers = as_floats(values)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _without_sentinels(numbers: Floats, column: Column) -> Floats:
    if not column.missing_values:
        return numbers
    return np.where(np.isin(numbers, sentinel_numbers(column)), np.nan, numbers)


def sentinel_numbers(column: Column) -> Floats:
    """The numbers that mean "not given" in this column.

    >>> sentinel_numbers(Column(name="days", kind=ColumnKind.NUMBER, missing_values=("-1", "N/A"))).tolist()
    [-1.0]
    """
    numbers = parse_numbers(pa.array(column.missing_values, pa.string()), column.decimal)
    return np.asarray(numbers[~np.isnan(numbers)])


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )
