import datetime as dt
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.connectors.tables import read_table
from leadwise.domain.column import Column, ColumnKind
from leadwise.features.columns import infer_columns
from leadwise.features.encoding import encode, missing_columns, new_columns, to_numbers
from leadwise.features.numbers import parse_numbers
from leadwise.features.texts import to_text

DATA = Path(os.environ.get("LEADWISE_TEST_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.one_of(
    st.none(), st.text(max_size=5), st.sampled_from(["a", "b", "Select", "1", "1.0", "yes", "2026-01-02"])
)


def same(left: object, right: object) -> None:
    np.testing.assert_array_equal(left, right)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(FLOATS, min_size=1))
def test_numbers_come_back_as_they_were(numbers: list[float]):
    same(parse_numbers(pa.array([repr(number) for number in numbers])), numbers)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.booleans())
def test_numbers_come_back_from_both_decimal_styles(cents: list[int], comma: bool):  # noqa: FBT001 - hypothesis gives it
    texts = [f"{number / 100:,.2f}" for number in cents]
    if comma:
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    same(parse_numbers(pa.array(texts), "," if comma else "."), [number / 100 for number in cents])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1 234,5", 1234.5), ("1'234.50", 1234.5), ("\N{MINUS SIGN}3", -3), ("+4", 4), ("R$ 12,50", 12.5),
        ("₹1,200", 1200), ("US$5", 5), ("$2M", 2e6), ("(1,200)", -1200), ("12 %", 12), ("5.", 5), (".5", 0.5),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, number: float):
    assert parse_numbers(pa.array([text])).tolist() == [number]


@pytest.mark.parametrize(
    "text", ["", "abc", "1-2", "12M", "1.2.3", "1,2,3", "--5", "$", "%", "inf", "nan", "0x10", "1e999"]
)
def test_what_is_no_number_is_not_given(text: str):
    assert np.isnan(parse_numbers(pa.array([text]))).all()


@settings(deadline=None)  # a busy machine is no fault
@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2199, 1, 1)))  # noqa: DTZ001 - a time without a zone is taken as written
def test_a_time_as_text_is_the_typed_time(when: dt.datetime):
    when = when.replace(microsecond=0)
    seen = Column(name="seen", kind=ColumnKind.DATE, parts=("day", "weekday", "month", "hour"), day_first=True)
    typed = encode(pa.table({"seen": pa.array([when], pa.timestamp("us"))}), [seen]).values
    assert typed[0, 1:].tolist() == [when.weekday(), when.month, when.hour]
    for layout in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y %H:%M:%S", "%d %B %Y, %I:%M:%S %p"):
        same(encode(pa.table({"seen": [when.strftime(layout)]}), [seen]).values, typed)


def test_times_with_a_zone_are_read_in_utc():
    seen = Column(name="seen", kind=ColumnKind.DATE)
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    typed = pa.array([dt.datetime(2026, 1, 1, 5, 30, tzinfo=zone)], pa.timestamp("us", "+05:30"))
    text = pa.array(["2026-01-01T05:30:00+05:30"])
    assert to_numbers(typed, seen).tolist() == to_numbers(text, seen).tolist() == [20454.0]


@settings(deadline=None)  # a busy machine is no fault
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), data=st.data())
def test_one_row_equals_its_batch(rows: list[tuple[str | None, str | None]], data: st.DataObject):
    table = pa.table(
        {"x": pa.array([r[0] for r in rows], pa.string()), "y": pa.array([r[1] for r in rows], pa.string())}
    )
    columns = infer_columns(table)
    row = data.draw(st.integers(0, len(rows) - 1))
    same(encode(table.slice(row, 1), columns).values, encode(table, columns).values[row : row + 1])


TYPED = pa.table({
    "whole": pa.array([1, 2, None, 40, -1, 6] * 20),
    "single": pa.array([0.1, 2.5, float("nan"), float("inf"), 1e20, 3] * 20, pa.float32()),
    "flag": pa.array([True, False, None, True, True, False] * 20),
    "bit": pa.array([1.0, 0.0, None, 1.0, 1.0, 0.0] * 20),
    "agent_id": pa.array([7.0, 8.0, None, 7.0, 9.0, 8.0] * 20),
    "day": pa.array([dt.date(2026, 1, 2), None, dt.date(1969, 7, 20)] * 40),
    "seen": pa.array([dt.datetime(2026, 1, 2, 3, 4, 5), None, dt.datetime(1969, 7, 20)] * 40, pa.timestamp("ns")),  # noqa: DTZ001
    "color": pa.array(["red", "blue", None, "red", "", " blue"] * 20).dictionary_encode(),
})  # fmt: skip


@pytest.mark.filterwarnings("default")
def test_a_table_gives_the_same_numbers_from_parquet_and_from_text():
    sink = pa.BufferOutputStream()
    pv.write_csv(TYPED.set_column(7, "color", TYPED["color"].cast(pa.string())), sink)
    strings = pv.ConvertOptions(column_types=dict.fromkeys(TYPED.column_names, pa.string()))
    text = pv.read_csv(pa.BufferReader(sink.getvalue()), convert_options=strings)
    columns = infer_columns(TYPED)
    assert [(c.kind, c.levels, c.parts) for c in infer_columns(text)] == [(c.kind, c.levels, c.parts) for c in columns]
    same(encode(text, columns).values, encode(TYPED, columns).values)


def test_a_column_that_is_absent_is_not_given_and_a_new_one_is_left_alone():
    columns = infer_columns(TYPED)
    table = TYPED.drop_columns(["whole"]).append_column("new", pa.nulls(120))
    frame = encode(table, columns)
    assert np.isnan(frame.values[:, 0]).all()
    same(frame.values[:, 1:], encode(TYPED, columns).values[:, 1:])
    assert (missing_columns(table, columns), new_columns(table, columns)) == (["whole"], ["new"])


def test_features_are_named_after_their_column_and_part():
    columns = infer_columns(TYPED.select(["seen", "whole"]))
    assert encode(TYPED, columns).names == ("seen (day)", "seen (weekday)", "seen (month)", "seen (hour)", "whole")


def test_unseen_levels_have_a_code_of_their_own_and_empty_ones_none():
    color = Column(name="color", kind=ColumnKind.CATEGORY, levels=("red", "Select"), parts=("value",))
    frame = encode(pa.table({"color": ["red", "Select", "mauve", " ", None]}), [color])
    same(frame.values[:, 0], [0, 1, 2, np.nan, np.nan])


def test_free_text_gives_its_length_and_number_of_words():
    note = Column(name="note", kind=ColumnKind.TEXT, parts=("length", "words"), missing_values=("n/a",))
    same(encode(pa.table({"note": ["two words", "n/a", ""]}), [note]).values, [[9, 2], [np.nan] * 2, [np.nan] * 2])


def test_ids_constants_and_empty_columns_give_nothing():
    table = pa.table({"id": [f"a{n}" for n in range(30)], "same": ["x"] * 30, "none": pa.nulls(30)})
    assert encode(table, infer_columns(table)).values.shape == (30, 0)


def test_no_rows_give_no_rows():
    assert encode(TYPED.slice(0, 0), infer_columns(TYPED)).values.shape[0] == 0


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.0, 2.5, float("inf")], ["1", "2.5", None]),
        (["1.0", " 1 ", "", "01"], ["1", "1", None, "01"]),
        ([True, None], ["true", None]),
        ([[1, 2], None], ["[1,2]", None]),
        ([b"raw", None], ["raw", None]),
    ],
)
def test_one_value_has_one_text(values: list[object], texts: list[str | None]):
    assert to_text(pa.array(values)).to_pylist() == texts


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared real data are absent")
def test_real_leads_row_by_row_equal_the_batch():
    table = read_table(DATA / "x-education" / "Leads.csv").table
    columns = infer_columns(table)
    frame = encode(table, columns)
    for row in (0, 17, 9_239):
        same(encode(table.slice(row, 1), columns).values[0], frame.values[row])
