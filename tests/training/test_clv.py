"""Lifetime values from transactions: what is read, what is left out, what is never looked at, what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.training.clv import ClvOptions, LifetimeValues, Unit, forecast_lifetime_values
from leadwise.training.clv_comparison import choose
from leadwise.training.clv_errors import (
    HorizonNotPositiveError,
    HorizonTooLongError,
    NoPurchasesError,
    NoRepeatPurchasesError,
    TooFewCustomersError,
    TransactionsNotReadableError,
    TransactionTooLargeError,
    UntilNotADayError,
    UntilTooEarlyError,
)
from leadwise.training.clv_forecasts import Forecast, Forecaster
from leadwise.training.clv_transactions import TransactionColumns, read_transactions
from leadwise.training.errors import ColumnNotFoundError, ColumnRoleConflictError

COLUMNS = TransactionColumns("who", "at", "eur")
OPTIONS = ClvOptions(COLUMNS, horizon_days=60, unit=Unit.DAY)
START = date(2025, 1, 1)
Row = tuple[object, object, object]


def table(*rows: Row) -> pa.Table:
    return pa.table(dict(zip(("who", "at", "eur"), map(list, zip(*rows, strict=True)), strict=True)))


def simulate(size: int = 400, seed: int = 3) -> pa.Table:
    """A year of a shop whose customers come at any time, buy at a rate of their own, and leave."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(size):
        rate, level, leaves = random.gamma(1.0, 0.03), random.gamma(4.0, 8.0), random.beta(0.6, 2.5)
        at = random.uniform(0, 300)
        while at < 365:
            rows.append(
                (f"C{number:04}", (START + timedelta(days=int(at))).isoformat(), f"{level * random.gamma(5, 0.2):.2f}")
            )
            at += random.exponential(1 / rate)
            if random.random() < leaves:
                break
    order = random.permutation(len(rows))
    return table(*(rows[row] for row in order))


SHOP = simulate()


def forecast(source: pa.Table = SHOP, **changes: object) -> LifetimeValues:
    return forecast_lifetime_values(source, replace(OPTIONS, **changes))


def by_customer(found: LifetimeValues) -> dict[str, dict[str, object]]:
    return {row["customer"]: row for row in found.table.to_pylist()}


def purchases(*rows: Row, after: int = -(10**6), until: int = 10**6) -> list[tuple[str, int, float]]:
    """What remains of transactions, days counted from 2025-01-01."""
    ledger = read_transactions(table(*rows), COLUMNS).ledger
    origin = (START - date(1970, 1, 1)).days
    found = ledger.purchases(after + origin, until + origin)
    return [
        (str(ledger.names[who]), int(day) - origin, float(amount))
        for who, day, amount in zip(found.customer, found.day, found.amount, strict=True)
    ]


@pytest.fixture(scope="module")
def halfway() -> LifetimeValues:
    return forecast(until="2025-10-31")


def test_each_customer_known_by_then_has_one_row_in_the_order_of_the_file(halfway: LifetimeValues):
    until = [row["who"] for row in SHOP.to_pylist() if row["at"] <= "2025-10-31"]
    known = [name for name in dict.fromkeys(row["who"] for row in SHOP.to_pylist()) if name in set(until)]
    assert halfway.table.column("customer").to_pylist() == known
    assert halfway.table.column_names == [
        "customer", "probability_active", "expected_purchases", "expected_spend", "spend_low", "spend_high", "model",
    ]  # fmt: skip
    assert halfway.report.transactions == len(until)


def test_numbers_of_a_customer_fit_together(halfway: LifetimeValues):
    for row in halfway.table.to_pylist():
        assert 0 <= row["probability_active"] <= 1
        assert 0 <= row["spend_low"] <= row["expected_spend"] <= row["spend_high"]
        assert row["model"] == halfway.report.chosen


def test_what_comes_later_decides_nothing(halfway: LifetimeValues):
    earlier = SHOP.filter(pa.array([at <= "2025-10-31" for at in SHOP.column("at").to_pylist()]))
    alone = forecast(earlier, until="2025-10-31")
    assert by_customer(alone) == by_customer(halfway)
    assert alone.report.holdout is None
    assert halfway.report.holdout is not None
    assert alone.report == halfway.report.model_copy(update={"holdout": None})


def test_the_order_of_rows_changes_nothing(halfway: LifetimeValues):
    turned = forecast(SHOP.take(pa.array(np.arange(SHOP.num_rows)[::-1])), until="2025-10-31")
    assert by_customer(turned) == by_customer(halfway)
    assert turned.report == halfway.report


def test_all_ways_are_compared_before_and_after(halfway: LifetimeValues):
    report = halfway.report
    assert report.validation is not None
    assert report.holdout is not None
    assert set(report.validation.models) == set(report.holdout.models) == set(Forecaster)
    assert (report.validation.as_of, report.validation.days) == ("2025-09-01", 60)
    assert (report.holdout.as_of, report.holdout.days) == ("2025-10-31", 60)
    assert report.holdout.models["naive"].spend_actual > 0
    assert 0.7 <= report.holdout.interval_coverage <= 1
    assert report.warnings == ()


def test_a_holdout_shorter_than_the_horizon_is_used_as_far_as_it_goes():
    report = forecast(until="2025-12-01", horizon_days=90).report
    assert report.holdout is not None
    assert report.holdout.days == 30
    assert forecast().report.holdout is None


def test_forecasts_do_not_depend_on_the_unit_of_time(halfway: LifetimeValues):
    weeks = by_customer(forecast(until="2025-10-31", unit=Unit.WEEK))
    for name, row in by_customer(halfway).items():
        assert row["expected_purchases"] == pytest.approx(weeks[name]["expected_purchases"], rel=2e-3)


def test_a_day_counts_once_and_a_refund_takes_from_the_purchase_before():
    rows = [("a", "2025-01-02 10:00", 5), ("a", "2025-01-02 18:00", 7), ("a", "2025-01-09", -4), ("b", "2025-01-03", 0)]
    assert purchases(*rows) == [("a", 1, 8.0), ("b", 2, 0.0)]
    assert purchases(*rows, until=5) == [("a", 1, 12.0), ("b", 2, 0.0)]
    assert purchases(*rows, after=5) == []


def test_what_is_refunded_entirely_was_no_purchase():
    rows = [("a", "2025-01-02", 0.1), ("a", "2025-01-02", 0.2), ("a", "2025-01-05", -0.3), ("b", "2025-01-04", -9.0)]
    assert purchases(*rows) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.integers(-20, 20)), min_size=1), st.randoms())
@settings(max_examples=50, deadline=None)
def test_purchases_are_the_same_in_any_order(rows: list[tuple[str, int, int]], random):
    rows.append(("a", 0, 30))
    named = [(who, (START + timedelta(days=day)).isoformat(), amount) for who, day, amount in rows]
    shuffled = random.sample(named, len(named))
    assert purchases(*named) == purchases(*shuffled)
    assert all(amount >= 0 for _, _, amount in purchases(*named))


def test_times_with_a_zone_are_days_in_utc():
    east = datetime(2025, 1, 2, 1, tzinfo=timezone(timedelta(hours=5))).astimezone(UTC)
    assert purchases(("a", "2025-01-02T01:00:00+05:00", 5)) == [("a", 0, 5.0)]
    assert purchases(("a", east, 5)) == [("a", 0, 5.0)]


def test_rows_that_cannot_be_read_are_left_out_and_named():
    rows = [(f"c{number}", "2025-01-02", "5") for number in range(40)]
    read = read_transactions(table(*rows, ("x", "soon", "5"), ("y", "2025-01-02", "free"), rows[0]), COLUMNS)
    assert len(read.ledger.names) == 40
    assert [note.partition(" ")[0] for note in read.notes] == ["Left", "Left", "1"]
    assert "row 41" in read.notes[0]
    assert "repeated an earlier one" in read.notes[2]


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([("a", "soon", 5)], TransactionsNotReadableError, "--time 'at' should hold dates.*'soon'"),
        ([("a", "2025-01-02", "free")], TransactionsNotReadableError, "--amount 'eur'.*'free'"),
        ([("", "2025-01-02", "5")], TransactionsNotReadableError, "--customer 'who'"),
        ([("a", "2025-01-02", -5)], NoPurchasesError, "refunds only"),
        ([("a", "2025-01-02", 1e13)], TransactionTooLargeError, "1e\\+13"),
        ([("a", "2025-01-02", 5)], TooFewCustomersError, "there is 1 customer, but it takes at least 10"),
        (
            [(f"c{number}", "2025-01-02", 5) for number in range(500)],
            NoRepeatPurchasesError,
            "Of 500 customers by 2025-01-02, none came back",
        ),
    ],
)
def test_tables_that_give_no_forecast_are_refused_with_the_reason(rows, error, words):
    with pytest.raises(error, match=words):
        forecast(table(*rows))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"horizon_days": 0}, HorizonNotPositiveError, "1 or more, but is 0"),
        ({"horizon_days": -7}, HorizonNotPositiveError, "-7"),
        ({"horizon_days": 10**9}, HorizonTooLongError, "36,500 at most"),
        ({"until": "yesterday"}, UntilNotADayError, "'yesterday'"),
        ({"until": "2024-12-31"}, UntilTooEarlyError, "2024-12-31 is before the first purchase, on 2025-01-"),
        ({"columns": replace(COLUMNS, amount="EUR ")}, ColumnNotFoundError, "did you mean 'eur'"),
        ({"columns": replace(COLUMNS, amount="at")}, ColumnRoleConflictError, "both --time and --amount"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_the_reason(changes, error, words):
    with pytest.raises(error, match=words):
        forecast(**changes)


def test_days_after_the_newest_transaction_count_as_silence():
    quiet = forecast(until="2026-02-28")
    assert any("days after the newest transaction" in note for note in quiet.notes)
    assert quiet.report.until == "2026-02-28"


def test_a_record_too_short_to_be_tried_says_so_and_gives_no_interval():
    rows = [(f"c{number}", at, 5 + number) for number in range(12) for at in ("2025-01-02", "2025-01-04")]
    found = forecast(table(*rows, *[(f"d{number}", "2025-01-03", 9) for number in range(9)]))
    assert found.report.validation is None
    assert any("too short to roll the clock back" in warning for warning in found.report.warnings)
    assert found.table.column("spend_high").null_count == found.table.num_rows


def test_another_way_is_chosen_only_where_its_gain_is_no_chance():
    random = np.random.default_rng(0)
    came = Forecast(np.zeros(500), random.gamma(1.0, 20.0, 500))
    near, nearer = (Forecast(np.zeros(500), came.spend + random.normal(0, spread, 500)) for spread in (10, 9.9))
    assert choose({Forecaster.LIFETIME: near, Forecaster.BOOSTED: nearer}, came) is Forecaster.LIFETIME
    far = Forecast(np.zeros(500), came.spend + 30)
    assert choose({Forecaster.LIFETIME: far, Forecaster.NAIVE: near}, came) is Forecaster.NAIVE
