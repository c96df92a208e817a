"""What comes before a record, and what is the latest, is what somebody finds who looks at each instant."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.features.succession import NEVER, Succession, earliest_before

INSTANTS = range(9)
Records = list[tuple[int, int, int, bool]]
"""Group, when it happened, since when it is known, and whether it counts."""
records = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 7), st.booleans()), max_size=9).map(
    lambda each: sorted(each, key=lambda one: one[:2])
)
quick = settings(max_examples=300, deadline=None)


@dataclass(frozen=True)
class Columns:
    group: np.ndarray
    at: np.ndarray
    known_at: np.ndarray
    counts: np.ndarray


def columns(given_records: Records) -> Columns:
    group, at, known_at, counts = (
        (list(each) for each in zip(*given_records, strict=True)) if given_records else [[]] * 4
    )
    numbers = (np.array(each, np.int64) for each in (group, at, known_at))
    return Columns(*numbers, np.array(counts, np.bool_))


def seen(given_records: Records, group: int, instant: int) -> list[int]:
    """The places of what is known of a group."""
    return [place for place, one in enumerate(given_records) if one[0] == group and one[2] <= instant]


@quick
@given(records)
def test_each_record_comes_after_the_one_that_is_known_at_the_time(given_records: Records) -> None:
    of = columns(given_records)
    spans = Succession(of.group, of.known_at).spans()
    assert len(spans.place) <= 2 * len(given_records)
    for instant in INSTANTS:
        held = (spans.since <= instant) & (instant < spans.until)
        found = sorted(zip(spans.place[held].tolist(), spans.before[held].tolist(), strict=True))
        expected = []
        for place, one in enumerate(given_records):
            known = seen(given_records, one[0], instant)
            if place in known:
                expected.append((place, max((each for each in known if each < place), default=-1)))
        assert found == expected


@quick
@given(records)
def test_one_record_of_each_group_is_the_latest_at_a_time(given_records: Records) -> None:
    of = columns(given_records)
    spans = Succession(of.group, of.known_at).latest()
    for instant in INSTANTS:
        held = (spans.since <= instant) & (instant < spans.until)
        known = [seen(given_records, group, instant) for group in range(3)]
        assert sorted(spans.place[held].tolist()) == [each[-1] for each in known if each]


@quick
@given(records)
def test_the_earliest_instant_at_which_one_before_is_known(given_records: Records) -> None:
    of = columns(given_records)
    found = earliest_before(of.group, of.at, of.known_at, of.counts)
    for place, (group, at, _, _) in enumerate(given_records):
        known = [one[2] for one in given_records if one[0] == group and one[1] < at and one[3]]
        assert found[place] == min(known, default=NEVER)


def test_a_hundred_thousand_records_that_become_known_backwards_are_as_many_spans_twice() -> None:
    many = 100_000
    spans = Succession(np.zeros(many, np.int64), np.arange(many)[::-1].copy()).spans()
    assert len(spans.place) == 2 * many - 1
