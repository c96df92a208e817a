"""Why a score differs from the one before, of two scores side by side."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwise.domain.score import Cause, Reason, Score
from leadwise.scoring.changes import change_of
from leadwise.store.score_pages import LedgerRow

AT = datetime(2026, 1, 31, tzinfo=UTC)
NAMES = ("replies", "days since arrival", "price")


def score(contributions: dict[str, float], version: str = "v1", base: float = 0.5) -> Score:
    reasons = tuple(Reason(name, name, by) for name, by in contributions.items() if by)
    return Score(("shop", "L"), "sold", AT, AT, version, 0.4, None, "B", "Call", base, reasons)


def row(found: Score) -> LedgerRow:
    return LedgerRow(1, 7, found)


def test_the_first_score_of_a_lead_has_nothing_before() -> None:
    assert change_of(score({"price": 1}), None, {}).because == (Cause.FIRST,)


def test_the_same_again_differs_for_no_cause() -> None:
    same = score({"price": 1.0})
    change = change_of(same, row(same), {7: frozenset({"price"})})
    assert (change.because, change.by, change.before) == ((), {}, 0.4)


def test_columns_that_new_facts_touched_are_told_from_those_that_aged() -> None:
    before, now = score({"replies": 0.2, "days since arrival": 0.3}), score({"replies": 0.9, "days since arrival": 0.1})
    change = change_of(now, row(before), {7: frozenset({"replies", "price"})})
    assert change.because == (Cause.NEW_FACTS, Cause.PASSING_TIME)
    assert change.columns == {Cause.NEW_FACTS: ("replies",), Cause.PASSING_TIME: ("days since arrival",)}
    assert change.by == pytest.approx({Cause.NEW_FACTS: 0.7, Cause.PASSING_TIME: -0.2})


def test_another_model_is_a_cause_of_its_own() -> None:
    change = change_of(score({"price": 1.0}, "v2", base=0.0), row(score({"price": 0.5})), {7: frozenset({"replies"})})
    assert change.because == (Cause.NEW_MODEL, Cause.NEW_FACTS)
    assert change.columns == {Cause.NEW_FACTS: ("replies",)}
    assert change.by == {Cause.NEW_MODEL: 0.0}


parts = st.dictionaries(st.sampled_from(NAMES), st.floats(-3, 3), max_size=3)


@given(parts, parts, st.frozensets(st.sampled_from(NAMES)), st.booleans())
def test_the_causes_account_for_the_whole_difference(old, new, touched, other_model) -> None:
    before, now = score(old), score(new)
    if other_model:
        now = replace(now, model_version="v2")
    change = change_of(now, row(before), {7: touched})
    assert sum(change.by.values()) == pytest.approx(sum(new.values()) - sum(old.values()), abs=1e-6)
    named = [name for names in change.columns.values() for name in names]
    assert len(named) == len(set(named))
