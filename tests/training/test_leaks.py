"""The leak check on tables of many shapes: what is known only afterwards is found, and what is honest is left alone."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.domain.column import ColumnReport, Leak
from leadwise.training.leak_names import find_telling_name
from leadwise.training.options import FitOptions
from leadwise.training.preparation import check

ROWS = 4_000


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(11)


def judged(won: np.ndarray, **columns: object) -> dict[str, ColumnReport]:
    table = pa.table({**columns, "outcome": np.where(won, "yes", "no")})
    return {column.name: column for column in check(table, FitOptions(outcome="outcome")).columns}


def verdict(won: np.ndarray, values: object, name: str = "column") -> Leak:
    return judged(won, **{name: values})[name].leak


def blank_unless(filled: np.ndarray, values: object) -> list[object]:
    return [value if there else None for there, value in zip(filled, np.broadcast_to(values, len(filled)), strict=True)]


@pytest.fixture
def won(draw) -> np.ndarray:
    return draw.random(ROWS) < 0.2


@pytest.fixture
def rare(draw) -> np.ndarray:
    """One of ten converts."""
    return draw.random(ROWS) < 0.1


# What leaks


def test_filled_only_for_winners(won, draw):
    seller = blank_unless(won, draw.choice(["Ann", "Bob", "Cy"], ROWS))
    found = judged(won, seller=seller)["seller"]
    assert found.leak is Leak.LEAK
    assert found.evidence.startswith(f"Filled almost only for converted leads: {won.sum()} of the {won.sum()} filled")
    assert found.note == "Left out because it leaks; --keep uses it all the same."


def test_filled_for_a_few_winners_and_nobody_else(won, draw):
    assert verdict(won, blank_unless(won & (draw.random(ROWS) < 0.1), draw.choice(["a", "b"], ROWS))) is Leak.LEAK


def test_filled_for_winners_and_for_those_won_too_late_to_count(draw):
    closed = draw.random(ROWS) < 0.13
    won = closed & (draw.random(ROWS) < 0.87)
    rarely = closed & (draw.random(ROWS) < 0.08)
    date = blank_unless(closed, [f"2026-02-{1 + row % 28:02d}" for row in range(ROWS)])
    found = judged(won, booked=date, size=blank_unless(rarely, np.arange(ROWS) % 7))
    assert found["booked"].leak is found["size"].leak is Leak.LEAK
    assert found["size"].evidence.startswith("Filled only in rows in which 'booked' is filled")


def test_filled_for_nearly_all_losers_and_nobody_else(won, draw):
    assert verdict(won, blank_unless(~won & (draw.random(ROWS) < 0.9), draw.choice(["a", "b"], ROWS))) is Leak.LEAK


def test_an_amount_that_is_zero_for_all_who_did_not_convert(won, draw):
    assert verdict(won, np.where(won, draw.lognormal(5, 1, ROWS).round(), 0)) is Leak.LEAK
    partly = won & (draw.random(ROWS) < 0.6)
    found = judged(won, amount=np.where(partly, draw.lognormal(5, 1, ROWS).round(), 0))["amount"]
    assert found.leak is Leak.LEAK


def test_a_value_that_means_conversion(won, draw):
    open_stages = draw.choice(["new", "called", "asleep"], ROWS)
    stages = np.where(won & (draw.random(ROWS) < 0.8), "in delivery", open_stages)
    found = judged(won, step=stages)["step"]
    assert found.leak is Leak.LEAK
    assert "'in delivery' converted in" in found.evidence


def test_a_value_that_means_losing_where_losing_is_rare(won, draw):
    lost_is_rare = ~won
    steps = np.where(won & (draw.random(ROWS) < 0.8), "cancelled by phone", draw.choice(["a", "b"], ROWS))
    found = judged(lost_is_rare, step=steps)["step"]
    assert found.leak is Leak.LEAK
    assert found.evidence.startswith("Values that mean a lost lead cover")


@pytest.mark.parametrize("pattern", ["{letter}-{row}", "{row}-{letter}", "{letters}{row}"])
def test_an_identifier_that_tells(won, pattern):
    codes = [
        pattern.format(letter="W" if each else "L", letters="WX" if each else "L", row=10_000 + row)
        for row, each in enumerate(won)
    ]
    found = judged(won, code=codes)["code"]
    assert found.leak is Leak.LEAK
    assert "of the identifier tells how the lead ended" in found.evidence


def test_a_longer_identifier_for_winners(won):
    codes = [f"A{10_000 + row}{'77' if each else ''}" for row, each in enumerate(won)]
    assert verdict(won, codes, "id") is Leak.LEAK


@pytest.mark.parametrize("flipped", [0.0, 0.01])
def test_a_near_copy_of_the_outcome(won, flipped, draw):
    copy = won ^ (draw.random(ROWS) < flipped)
    assert verdict(won, np.where(copy, "closed", "open")) is Leak.LEAK
    assert verdict(won, copy.astype(int)) is Leak.LEAK


def test_a_number_that_separates(won, draw):
    found = judged(won, revenue=draw.normal(0, 1, ROWS) + 3.2 * won)["revenue"]
    assert found.leak is Leak.LEAK
    assert "alone separates the outcomes" in found.evidence


def test_the_length_of_a_call(won, draw):
    seconds = draw.lognormal(5, 0.8, ROWS) * np.where(won, 2.6, 1)
    for name in ("duration", "Duration (s)", "call_duration_seconds", "Length of last call", "talkTime"):
        assert verdict(won, seconds, name) is Leak.LEAK, name


def test_what_staff_filled_in_by_its_name(won, draw):
    quality = np.where(draw.random(ROWS) < np.where(won, 0.75, 0.2), "High", "Low")
    assert verdict(won, quality, "Lead Quality") is Leak.LEAK


def test_an_ending_in_the_name_is_reported_even_without_a_link(won):
    days = [f"2026-02-{1 + row % 28:02d}" for row in range(ROWS)]
    for name in ("Close Date", "won_date", "lostReason", "closedAt", "date_of_conversion"):
        assert verdict(won, days, name) is Leak.SUSPECT, name


def test_a_cancellation_and_its_status(draw):
    cancelled = draw.random(ROWS) < 0.37
    status = np.where(cancelled, np.where(draw.random(ROWS) < 0.03, "No-Show", "Canceled"), "Check-Out")
    assert verdict(cancelled, status, "reservation_status") is Leak.LEAK
    assert verdict(~cancelled, status, "reservation_status") is Leak.LEAK


def test_a_churn_reason_and_label(draw):
    churned = draw.random(ROWS) < 0.27
    reason = blank_unless(churned, draw.choice(["price", "moved", "competitor"], ROWS))
    found = judged(churned, Category=reason, Customer=np.where(churned, "Churned", "Stayed"))
    assert found["Category"].leak is found["Customer"].leak is Leak.LEAK


# What is honest


def honest(won: np.ndarray, values: object, name: str = "column") -> None:
    found = judged(won, **{name: values})[name]
    assert found.leak is not Leak.LEAK, found.evidence


@pytest.mark.parametrize("share", [0.02, 0.05, 0.09])
def test_a_source_that_converts_85_percent(share, draw):
    referred = draw.random(ROWS) < share
    won = np.where(referred, draw.random(ROWS) < 0.85, draw.random(ROWS) < 0.03)
    honest(won, np.where(referred, "referral", draw.choice(["web", "fair"], ROWS)), "source")
    honest(won, referred.astype(int), "referred")
    honest(won, blank_unless(referred, "x"), "referred")


def test_a_strong_website_time(won, draw):
    minutes = draw.lognormal(3, 1, ROWS) * np.where(won, 3.3, 1)
    for name in ("Total Time Spent on Website", "session_duration", "ProductRelated_Duration", "visitDuration"):
        honest(won, minutes, name)


def test_a_flag_that_rules_a_sale_out(draw):
    insured = draw.random(20_000) < 0.46
    won = np.where(insured, draw.random(20_000) < 0.001, draw.random(20_000) < 0.23)
    for outcome in (won, ~won):  # whichever of the two the user calls won
        honest(outcome, insured.astype(int), "Previously_Insured")
        honest(outcome, np.where(insured, "Yes", "No"), "Previously_Insured")
        honest(outcome, blank_unless(insured, "x"), "Previously_Insured")
        honest(outcome, blank_unless(insured, draw.choice(["A", "B", "C"], 20_000)), "Present insurer")


def test_a_rare_wish_that_comes_with_one_outcome(draw):
    cancelled = draw.random(12_000) < 0.37
    parking = (~cancelled & (draw.random(12_000) < 0.1)) * draw.integers(1, 3, 12_000)
    deposit = np.where(cancelled & (draw.random(12_000) < 0.33), "Non Refund", "No Deposit")
    for outcome in (cancelled, ~cancelled):
        honest(outcome, parking, "required_car_parking_spaces")
        honest(outcome, deposit, "deposit_type")


def test_the_value_of_the_pages_seen(draw):
    bought = draw.random(12_000) < 0.155
    seen = np.where(bought, draw.random(12_000) < 0.8, draw.random(12_000) < 0.12)
    honest(bought, np.where(seen, draw.lognormal(3, 1, 12_000), 0), "PageValues")


def test_a_demo_where_hardly_anybody_buys(draw):
    asked = draw.random(40_000) < 0.05
    bought = np.where(asked, draw.random(40_000) < 0.25, draw.random(40_000) < 0.001)
    honest(bought, np.where(asked, "yes", "no"), "demo requested")
    honest(bought, asked * draw.integers(1, 4, 40_000), "demos")
    honest(bought, blank_unless(asked, [f"2026-01-{1 + row % 28:02d}" for row in range(40_000)]), "demo day")


def test_values_missing_at_random(won, draw):
    for share in (0.3, 0.9):
        present = draw.random(ROWS) > share
        honest(won, blank_unless(present, draw.normal(50_000, 9_000, ROWS)), "income")
        honest(won, blank_unless(present, draw.choice(["a", "b"], ROWS)), "region")


def test_rare_categories(rare, draw):
    streets = np.array([f"street {number}" for number in draw.integers(0, 800, ROWS)])
    first_winners = np.flatnonzero(rare)[:12]
    streets[first_winners] = "street of luck"
    honest(rare, streets, "street")


def test_a_few_filled_rows_that_all_converted_may_be_chance(won):
    few = np.zeros(ROWS, dtype=bool)
    few[np.flatnonzero(won)[:25]] = True
    honest(won, blank_unless(few, np.arange(ROWS) % 3), "referred by")


def test_the_outcome_of_an_earlier_campaign(won, draw):
    earlier = np.where(draw.random(ROWS) < np.where(won, 0.8, 0.2), "success", "failure")
    for name in ("previous_outcome", "poutcome", "Prior result", "past deal"):
        honest(won, earlier, name)


def test_names_that_only_sound_like_it(won, draw):
    strong = draw.normal(0, 1, ROWS) + 1.3 * won
    levels = np.array(["a", "b", "c", "d"])[np.digitize(strong, [-0.5, 0.5, 1.5])]
    for name in ("Employment Status", "Marital_Status", "company_stage", "Reason for enquiry", "Qualification"):
        honest(won, levels, name)
        assert find_telling_name(name) is None


def test_engagement_of_leads_of_a_course(won, draw):
    completed = np.where(draw.random(ROWS) < np.where(won, 0.7, 0.4), "High", "Medium")
    honest(won, completed, "profile_completed")
    honest(won, np.where(draw.random(ROWS) < np.where(won, 0.7, 0.4), "Website", "App"), "first_interaction")
    honest(won, draw.poisson(3 + won, ROWS), "website_visits")


def test_coded_household_attributes(draw):
    rare = draw.random(5_800) < 0.06
    columns = {f"M{number}": draw.integers(0, 10, 5_800) for number in range(20)}
    columns["PPERSAUT"] = np.where(draw.random(5_800) < np.where(rare, 0.73, 0.4), 6, 0)
    found = judged(rare, **columns)
    assert [name for name, column in found.items() if column.leak is not Leak.NONE] == []


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), rows=st.sampled_from([25, 60, 200, 1500]), rate=st.sampled_from([0.05, 0.3, 0.7])
)
def test_noise_is_never_called_a_leak(seed: int, rows: int, rate: float):
    draw = np.random.default_rng(seed)
    won = draw.random(rows) < rate
    won[:10], won[10:20] = True, False
    won = draw.permutation(won)
    columns = {
        "number": draw.normal(0, 1, rows),
        "count": draw.poisson(0.3, rows),
        "money": [f"${value:,.0f}" for value in draw.lognormal(9, 1, rows)],
        "flag": draw.integers(0, 2, rows),
        "category": draw.choice(["a", "b", "c", "d"], rows),
        "code": [f"c{value}" for value in draw.integers(0, 200, rows)],
        "id": [f"L{value}" for value in draw.permutation(10 * rows)[:rows]],
        "some": blank_unless(draw.random(rows) < 0.5, draw.normal(0, 1, rows)),
        "few": blank_unless(draw.random(rows) < 0.05, draw.choice(["a", "b"], rows)),
        "day": [f"2026-01-{value:02d}" for value in draw.integers(1, 29, rows)],
    }
    leaks = [name for name, column in judged(won, **columns).items() if column.leak is Leak.LEAK]
    assert leaks == []


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_and_columns_changes_nothing(seed: int):
    draw = np.random.default_rng(seed)
    won = np.random.default_rng(3).random(600) < 0.3
    columns = {
        "time": np.random.default_rng(3).normal(0, 1, 600) + 1.5 * won,
        "deal": blank_unless(won, np.arange(600) % 5),
        "part": blank_unless(won & (np.arange(600) % 9 == 0), "x"),
        "code": [f"c{value}" for value in np.random.default_rng(3).integers(0, 90, 600)],
        "stage": np.where(won, "done", np.random.default_rng(3).choice(["a", "b"], 600)),
    }
    order = draw.permutation(600)
    names = [str(name) for name in draw.permutation(list(columns))]
    shuffled = {name: [columns[name][row] for row in order] for name in names}
    before, after = judged(won, **columns), judged(won[order], **shuffled)
    assert {name: (c.leak, c.evidence) for name, c in before.items()} == {
        name: (c.leak, c.evidence) for name, c in after.items()
    }


def test_too_few_outcomes_for_a_verdict():
    won = np.arange(40) < 9
    assert verdict(won, won.astype(int)) is Leak.NONE


def test_rows_without_an_outcome_have_no_say():
    won = np.arange(400) % 4 == 0
    table = pa.table(
        {"outcome": ["yes" if each else "no" for each in won] + [None] * 400, "later": [1.0, 2.0] * 200 + [None] * 400}
    )
    report = {column.name: column for column in check(table, FitOptions(outcome="outcome")).columns}
    assert report["later"].leak is Leak.NONE
