from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.targets import a_target

from leadwise.domain.clock import NaiveTimeError
from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.lead import Lead, Outcome
from leadwise.domain.target import Target
from leadwise.features.records import history_of
from leadwise.training.labels import labels

START = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = a_target()


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def ended(on: float, *, won: bool, known: float | None = None, target: str = "sold") -> Outcome:
    recorded = day(on if known is None else known)
    return Outcome("crm", f"{on}-{won}", ("crm", "1"), target, won, None, day(on), recorded)


def label(outcomes: list[Outcome], target: Target, *, as_of: datetime, now: datetime) -> object:
    lead = Lead("crm", "1", START, START)
    moments = pa.table([[0], [microseconds(as_of)]], schema=MOMENTS)
    return labels(target, history_of(target, [lead], [], outcomes), moments, now).to_pylist()[0]


def test_won_within_the_horizon() -> None:
    assert label([ended(60, won=True)], TARGET, as_of=START, now=day(90)) is True


def test_won_after_the_horizon() -> None:
    assert label([ended(60.01, won=True)], TARGET, as_of=START, now=day(90)) is False


def test_lost_and_never_heard_of_again_are_both_not_won() -> None:
    assert label([ended(9, won=False)], TARGET, as_of=START, now=day(90)) is False
    assert label([], TARGET, as_of=START, now=day(90)) is False


def test_lost_and_won_after_all_is_won() -> None:
    assert label([ended(9, won=False), ended(30, won=True)], TARGET, as_of=START, now=day(90)) is True


def test_no_label_before_the_horizon_has_passed_even_if_won() -> None:
    assert label([], TARGET, as_of=START, now=day(59)) is None
    assert label([ended(9, won=True)], TARGET, as_of=START, now=day(59)) is None
    assert label([ended(9, won=True)], TARGET, as_of=START, now=day(60)) is True


@pytest.mark.parametrize("won", [True, False])
def test_no_label_for_a_lead_that_had_ended(won: bool) -> None:  # noqa: FBT001 - a parameter
    assert label([ended(5, won=won)], TARGET, as_of=day(5), now=day(90)) is None
    assert label([ended(5, won=won, known=8)], TARGET, as_of=day(6), now=day(90)) is None


def test_what_is_not_recorded_by_now_is_not_known() -> None:
    assert label([ended(9, won=True, known=91)], TARGET, as_of=START, now=day(90)) is False


def test_outcomes_of_other_targets_do_not_count() -> None:
    assert label([ended(9, won=True, target="leased")], TARGET, as_of=START, now=day(90)) is False


def test_instants_need_a_zone() -> None:
    with pytest.raises(NaiveTimeError):
        label([], TARGET, as_of=START, now=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


days = st.integers(-100, 200)
outcomes = st.lists(st.builds(lambda on, won, late: ended(on, won=won, known=on + late), days, st.booleans(), days))


@given(outcomes, days, st.integers(0, 100))
def test_a_label_speaks_of_what_comes_after_and_within_the_horizon(found: list[Outcome], at: int, later: int):
    won = label(found, TARGET, as_of=day(at), now=day(at + later))
    if won:
        assert any(each.won and day(at) < each.occurred_at <= day(at + 60) for each in found)
    if won is not None:
        assert later >= 60
