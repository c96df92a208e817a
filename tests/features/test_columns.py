import datetime as dt
import os
import uuid
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.connectors.tables import read_table
from leadwise.domain.column import Column, ColumnKind
from leadwise.features.columns import infer_column, infer_columns

DATA = Path(os.environ.get("LEADWISE_TEST_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
real_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared real data are absent")


def inferred(values: object, name: str = "column") -> Column:
    return infer_column(name, pa.array(values))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1,234.5", "12", " 7 "], ColumnKind.NUMBER),
        (["1.234,5", "12", "7,25"], ColumnKind.NUMBER),
        (["1e5", "2E-3", "-4"], ColumnKind.NUMBER),
        (["$1,200", "$900.50", "-$3"], ColumnKind.MONEY),
        (["€ 3.000,00", "€ 12,50"], ColumnKind.MONEY),
        (["1200 USD", "$1.2k", "3 EUR"], ColumnKind.MONEY),
        (["12%", "12.5 %", "0%"], ColumnKind.PERCENTAGE),
        (["yes", "No", "YES"], ColumnKind.BOOLEAN),
        (["1", "0", "1"], ColumnKind.BOOLEAN),
        ([0, 1, None], ColumnKind.BOOLEAN),
        ([True, False], ColumnKind.BOOLEAN),
        (["ja", "nein"], ColumnKind.BOOLEAN),
        (["x", "", ""], ColumnKind.BOOLEAN),
        (["2025-12-31", "2026-01-01"], ColumnKind.DATE),
        (["2025-12-31T10:00:00Z", "2026-01-01 11:30"], ColumnKind.DATE),
        (["31/12/2025", "01/12/2025"], ColumnKind.DATE),
        (["31.12.2025", "1.2.25"], ColumnKind.DATE),
        (["Jan 3, 2024", "12 February 2024"], ColumnKind.DATE),
        (["19970101", "19970112"], ColumnKind.DATE),
        ([dt.date(2026, 1, 2), dt.date(2026, 2, 3)], ColumnKind.DATE),
        ([Decimal("1.50"), Decimal("2.25")], ColumnKind.NUMBER),
        ([{"a": 1}, {"a": 2}, {"a": 1}], ColumnKind.CATEGORY),
        (["red", "blue", "red"], ColumnKind.CATEGORY),
        (["same", "same"], ColumnKind.CONSTANT),
        ([7, 7, 7], ColumnKind.CONSTANT),
        (["", None, ""], ColumnKind.EMPTY),
        (["N/A", "N/A"], ColumnKind.EMPTY),
        (["same", ""], ColumnKind.CATEGORY),
        (["01067", "80331", "01067"], ColumnKind.CATEGORY),
        ([f"Please call me about offer number {n}" for n in range(9)], ColumnKind.TEXT),
        ([str(uuid.UUID(int=n * 7**20)) for n in range(50)], ColumnKind.ID),
        ([f"{n}@example.com" for n in range(50)], ColumnKind.ID),
        (list(range(1000, 1100)), ColumnKind.ID),
        ([n / 7 for n in range(100)], ColumnKind.NUMBER),
        ([n * n for n in range(100)], ColumnKind.NUMBER),
        ([f"agent {n % 80}" for n in range(400)], ColumnKind.CODE),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ColumnKind.CATEGORY),
        (pa.nulls(3), ColumnKind.EMPTY),
        (pa.array([], pa.string()), ColumnKind.EMPTY),
    ],
)
def test_the_kind_is_what_a_careful_person_would_say(values: object, kind: ColumnKind):
    column = infer_column("column", values if isinstance(values, pa.Array) else pa.array(values))
    assert column.kind is kind


@pytest.mark.parametrize(
    ("name", "kind"), [("agent_id", ColumnKind.CATEGORY), ("zip", ColumnKind.CATEGORY), ("visits", ColumnKind.NUMBER)]
)
def test_numbers_that_only_name_something_are_a_category(name: str, kind: ColumnKind):
    assert inferred([3, 5, 9, 3, 5, 9], name).kind is kind


def test_numbers_all_different_are_an_id_where_the_name_says_so():
    values = [n * n for n in range(100)]
    assert inferred(values, "Lead Number").kind is ColumnKind.ID
    assert inferred(values, "Number of visits").kind is ColumnKind.NUMBER


def test_placeholders_are_not_given_but_keep_a_level():
    column = inferred(["Select", "Select", "Pune", "Pune", "Oslo", "", "Goa", "Goa", "Goa", "n/a"])
    assert column.levels == ("Goa", "Pune", "Select")
    assert column.missing_values == ("Select", "n/a")
    assert (column.missing_share, column.distinct, column.typical) == (0.4, 3, "Goa")


def test_minus_one_is_a_placeholder_only_where_it_is_no_number():
    days = [-1] * 60 + list(range(90, 130))
    assert inferred(days).missing_values == ("-1",)
    assert inferred(days).typical == 109.5
    assert inferred([*days, -2]).missing_values == ()
    assert inferred([-1, 0, 1] * 20).missing_values == ()


def test_a_little_junk_among_numbers_is_named_and_much_junk_makes_a_category():
    numbers = [str(n / 4) for n in range(97)]
    column = inferred([*numbers, "about 5", "about 5", "lots"])
    assert (column.kind, column.missing_values) == (ColumnKind.NUMBER, ("about 5", "lots"))
    assert column.missing_share == 0.03
    assert inferred(["1", "2", "2", "few", "few"]).kind is ColumnKind.CATEGORY


def test_day_or_month_first_is_decided_by_the_data():
    assert inferred(["03/04/2026", "31/12/2025"]).day_first
    assert not inferred(["03/04/2026", "12/31/2025"]).day_first
    assert not inferred(["03/04/2026", "05/06/2026"]).day_first
    assert inferred(["03.04.2026", "05.06.2026"]).day_first


def test_hours_are_a_part_only_where_there_are_times():
    assert inferred(["2026-01-01", "2026-01-02"]).parts == ("day", "weekday", "month")
    assert inferred(["2026-01-01 10:00", "2026-01-02"]).parts[-1] == "hour"


def test_levels_are_repeated_values_most_frequent_first_ties_by_text():
    assert inferred(["b", "c", "a", "b", "c", "c", "a", "once"]).levels == ("c", "a", "b")


@settings(deadline=None)  # a busy machine is no fault
@given(st.data())
def test_the_order_of_rows_and_columns_changes_nothing(data: st.DataObject):
    cells = st.one_of(st.sampled_from(["Select", "", "a", "b", "1", "2,5", "-1"]), st.text(max_size=4))
    rows = data.draw(st.lists(st.tuples(cells, cells), min_size=1, max_size=30))
    shuffled = data.draw(st.permutations(rows))
    first, second = infer_columns(pa.table({"x": [r[0] for r in rows], "y": [r[1] for r in rows]}))
    assert infer_columns(pa.table({"y": [r[1] for r in shuffled], "x": [r[0] for r in shuffled]})) == [second, first]


def test_the_sample_of_a_long_column_does_not_hang_on_the_order_of_rows():
    texts = np.array([f"{n / 8}" for n in range(9_000)] + ["oops"] * 50)
    mixed = np.random.default_rng(1).permutation(texts)
    assert infer_column("n", pa.array(texts)) == infer_column("n", pa.array(mixed))


@real_data
def test_the_columns_of_x_education():
    kinds = {column.name: column for column in infer_columns(read_table(DATA / "x-education" / "Leads.csv").table)}
    assert kinds["Prospect ID"].kind is kinds["Lead Number"].kind is ColumnKind.ID
    assert sum(column.kind is ColumnKind.CONSTANT for column in kinds.values()) == 5
    assert kinds["City"].missing_values == ("Select",)
    assert "Select" in kinds["City"].levels
    assert kinds["Asymmetrique Activity Index"].kind is ColumnKind.CATEGORY
    assert kinds["Total Time Spent on Website"].typical == 248
    assert kinds["TotalVisits"].kind is kinds["Page Views Per Visit"].kind is ColumnKind.NUMBER
    assert kinds["Do Not Email"].kind is kinds["Converted"].kind is ColumnKind.BOOLEAN


@real_data
def test_the_columns_of_the_bank_calls():
    kinds = {c.name: c for c in infer_columns(read_table(DATA / "bank-marketing" / "bank-full.csv").table)}
    assert (kinds["pdays"].missing_values, round(kinds["pdays"].missing_share, 3)) == (("-1",), 0.817)
    assert kinds["balance"].missing_values == ()
    assert kinds["poutcome"].levels == ("unknown", "failure", "other", "success")
    assert kinds["duration"].kind is ColumnKind.NUMBER


@real_data
def test_the_columns_of_olist_and_seattle():
    leads = infer_columns(read_table(DATA / "olist-funnel" / "olist_marketing_qualified_leads_dataset.csv").table)
    assert [column.kind.value for column in leads] == ["id", "date", "code", "category"]
    sales = infer_columns(read_table(DATA / "seattle-home-sales" / "seattle_sales.parquet").table)
    assert [column.kind.value for column in sales[:5]] == ["code", "id", "number", "date", "category"]
