"""Landmarks by calendar, of customers who buy again, and what they are worth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadwise.domain.card import Task
from leadwise.domain.history import instant_of
from leadwise.domain.lead import Lead, Outcome
from leadwise.domain.target import Calendar, Target
from leadwise.features.records import history_of
from leadwise.training.labels import labels
from leadwise.training.landmarks import landmarks, open_moments

NOW = datetime(2026, 7, 15, tzinfo=UTC)
START = datetime(2026, 1, 10, 8, tzinfo=UTC)
LEAD = Lead("shop", "1", START, START)


def a_target(**changes: Any) -> Target:
    usual = {
        "name": "spent",
        "title": "Spends",
        "entity": "customer",
        "task": Task.VALUE,
        "horizon_days": 30,
        "open_days": 3650,
        "calendar": Calendar.MONTH,
        "repeats": True,
    }
    return Target(**(usual | changes))


def bought(days: float, value: float | None, learnt_after: float = 0, *, won: bool = True) -> Outcome:
    at = START + timedelta(days=days)
    return Outcome("shop", f"{days}", ("shop", "1"), "spent", won, value, at, at + timedelta(days=learnt_after))


def looked_at(target: Target, *outcomes: Outcome, leads: tuple[Lead, ...] = (LEAD,)) -> dict[str, Any]:
    history = history_of(target, leads, [], outcomes)
    moments = landmarks(target, history, NOW)
    found = labels(target, history, moments, NOW).to_pylist()
    days = [f"{instant_of(at):%m-%d}" for at in moments["as_of"].to_pylist()]
    return dict(zip(days, found, strict=True))


def test_all_open_leads_are_looked_at_when_a_period_ends() -> None:
    assert list(looked_at(a_target())) == ["02-01", "03-01", "04-01", "05-01", "06-01", "07-01"]


@pytest.mark.parametrize(
    ("calendar", "count", "first"),
    [
        (Calendar.DAY, 186, "01-11"),
        (Calendar.WEEK, 27, "01-12"),
        (Calendar.QUARTER, 2, "04-01"),
        (Calendar.YEAR, 0, None),
    ],
)
def test_periods_of_all_lengths(calendar: Calendar, count: int, first: str | None) -> None:
    found = list(looked_at(a_target(calendar=calendar)))
    assert (len(found), next(iter(found), None)) == (count, first)


def test_value_is_the_sum_of_what_comes_within_the_horizon() -> None:
    orders = [bought(22.5, 10), bought(22, 5.5), bought(23, None), bought(24, 99, won=False), bought(60, 7)]
    found = looked_at(a_target(), *orders)
    assert found == {"02-01": 15.5, "03-01": 7, "04-01": 0, "05-01": 0, "06-01": 0, "07-01": None}


def test_what_is_recorded_after_now_is_worth_nothing_yet() -> None:
    assert looked_at(a_target(), bought(30, 10, learnt_after=300))["02-01"] == 0


def test_who_buys_once_is_not_looked_at_again_unless_they_may_buy_again() -> None:
    target = a_target(repeats=False, task=Task.CONVERSION)
    assert looked_at(target, bought(60, 10)) == {"02-01": False, "03-01": True}
    assert looked_at(a_target(task=Task.CONVERSION), bought(60, 10))["04-01"] is False


def test_an_end_that_was_recorded_late_leaves_a_moment_without_label() -> None:
    found = looked_at(a_target(repeats=False, task=Task.CONVERSION), bought(20, 10, learnt_after=20))
    assert found == {"02-01": None}


def test_leads_that_went_quiet_are_not_looked_at() -> None:
    assert list(looked_at(a_target(open_days=60))) == ["02-01", "03-01"]


def test_open_moments_are_of_leads_that_are_known_and_not_quiet() -> None:
    late = Lead("shop", "2", START, NOW + timedelta(days=1))
    history = history_of(a_target(), [LEAD, late], [], [bought(5, 1)])
    assert open_moments(a_target(), history, NOW)["lead"].to_pylist() == [0]
    assert open_moments(a_target(repeats=False), history, NOW).num_rows == 0


def test_many_leads_have_their_own_outcomes_alone() -> None:
    other = Lead("shop", "2", START, START)
    found = looked_at(a_target(), bought(22, 5), leads=(other, LEAD))
    assert len(found) == 6
    history = history_of(a_target(), [other, LEAD], [], [bought(22, 5)])
    moments = landmarks(a_target(), history, NOW)
    sums = labels(a_target(), history, moments, NOW).to_pylist()
    assert sorted(value for value in sums if value) == [5]
