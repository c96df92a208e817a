"""A single row is read as it would be in a table, whatever it holds."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.domain.column import Column, ColumnKind
from leadwise.features.encoding import encode
from leadwise.features.row_encoding import RowEncoder, cell_text, one_cell
from leadwise.features.texts import to_text

COLUMNS = (
    Column(name="number", kind=ColumnKind.NUMBER, parts=("value",), missing_values=("-1", "N/A")),
    Column(name="german", kind=ColumnKind.NUMBER, decimal=",", parts=("value",)),
    Column(name="money", kind=ColumnKind.MONEY, parts=("value",)),
    Column(name="percent", kind=ColumnKind.PERCENTAGE, parts=("value",)),
    Column(name="boolean", kind=ColumnKind.BOOLEAN, yes=("yes", "won"), parts=("value",)),
    Column(
        name="date", kind=ColumnKind.DATE, parts=("day", "weekday", "month", "hour"), missing_values=("1900-01-01",)
    ),
    Column(name="day first", kind=ColumnKind.DATE, day_first=True, parts=("day",)),
    Column(name="category", kind=ColumnKind.CATEGORY, levels=("a", "Select", "1", "-0", "true"), parts=("value",)),
    Column(name="code", kind=ColumnKind.CODE, levels=tuple(map(str, range(300))), parts=("value",)),
    Column(name="text", kind=ColumnKind.TEXT, parts=("length", "words"), missing_values=("none",)),
)
ENCODER = RowEncoder(COLUMNS)
WRITTEN = (
    "1,200", "1.200,5", "$1.2k", "(300)", "12.5 %", " 7 ", "-1", "-1.0", "1e5", "1e999", ".5", "5.", "0x10", "N/A",
    "Select", "", " ", "nan", "Infinity", "yes", "WON", "no", "true", "1", "0", "a", "A", "17", "17.0", "-0",
    "none", "two words", "tab\tand\x0bmore", "ünï cödé", "\u2003wide\u2003", "a\xa0b", "2026-01-02", "2026-02-30",
    "1900-01-01", "0001-01-01", "2026-01-02 10:30", "2026-01-02T10:30:59Z", "2026-01-02T25:00:00",
    "2026-01-02T10:30:60", "2026-01-02T10:30:00+02:00", "03/04/2026", "3 January 2024", "١٢", "12\n", "x.0",
)  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(WRITTEN),
    st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1)),  # noqa: DTZ001 - without a zone, as written
    st.dates(dt.date(1700, 1, 1), dt.date(2250, 1, 1)),
    st.decimals(-1000, 1000, places=2),
    st.floats(-1e6, 1e6, width=32).map(np.float32),
    st.lists(st.integers(0, 9), max_size=2),
    st.binary(max_size=4),
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(COLUMNS), VALUES)
def test_any_value_is_read_as_in_a_table(column: Column, value: object):
    expected = encode(pa.table({column.name: one_cell(value)}), [column]).values[0]
    encoder = RowEncoder([column])
    for _ in range(2):  # the second time it is looked up
        np.testing.assert_array_equal(encoder.encode({column.name: value}), expected)


@pytest.mark.parametrize("value", WRITTEN)
def test_each_way_of_writing_is_read_as_in_a_table(value):
    row = {column.name: value for column in COLUMNS}
    expected = encode(pa.table({name: [text] for name, text in row.items()}), COLUMNS).values[0]
    np.testing.assert_array_equal(ENCODER.encode(row), expected)


@settings(deadline=None, max_examples=200)
@given(VALUES)
def test_an_identifier_has_the_text_that_it_has_in_a_table(value: object):
    assert cell_text(value) == to_text(one_cell(value))[0].as_py()


def test_yes_and_1_and_true_are_not_mixed_up_by_what_was_seen_before():
    encoder = RowEncoder([Column(name="a", kind=ColumnKind.CATEGORY, levels=("1", "true"), parts=("value",))])
    assert [encoder.encode({"a": value})[0] for value in (1, True, 1.0, "1", "true", True)] == [0, 1, 0, 0, 1, 1]


def test_what_is_absent_is_not_given_and_what_is_unknown_does_no_harm():
    assert np.isnan(ENCODER.encode({})).all()
    assert np.isnan(ENCODER.encode({"other": 3, "number": None, "text": float("nan")})).all()


@pytest.mark.parametrize("value", [object(), "\ud800", 10**400, {"a": object()}, Decimal("NaN"), (1, [2])])
def test_nothing_stops_it(value):
    assert ENCODER.encode({column.name: value for column in COLUMNS}).shape == (14,)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.fixed_dictionaries({}, optional={column.name: VALUES for column in COLUMNS}), max_size=6))
def test_rows_together_are_read_as_one_by_one(rows: list[dict[str, object]]):
    values, given_columns = ENCODER.encode_rows(rows)
    assert values.shape == (len(rows), 14)
    for row, found in zip(rows, values, strict=True):
        np.testing.assert_array_equal(found, ENCODER.encode(row))
    assert len(given_columns) == len(COLUMNS)
    for told in given_columns:
        assert len(told.values) == len(rows)
        if told.is_plain:
            assert all(value is None or abs(value) < 2**53 for value in told.values)


def test_numbers_and_none_are_plain_and_anything_else_is_not():
    encoder = RowEncoder([Column(name="a", kind=ColumnKind.NUMBER, parts=("value",))])

    def is_plain(*values: object) -> bool:
        _, (told,) = encoder.encode_rows([{"a": value} for value in values])
        return told.is_plain

    assert is_plain(1, 2.5, None)
    assert is_plain(None, None)
    for odd in ("3", True, float("nan"), float("inf"), 2**53, 10**400):
        assert not is_plain(1, odd)
