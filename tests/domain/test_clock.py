from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwise.domain.clock import NaiveTimeError, in_utc, now, visible
from leadwise.domain.lead import Event, Lead, Outcome

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - bounds without zone


@given(INSTANTS, INSTANTS, INSTANTS)
def test_a_fact_is_visible_once_it_had_happened_and_we_knew(occurred: datetime, recorded: datetime, as_of: datetime):
    expected = occurred <= as_of and recorded <= as_of
    assert visible(occurred, recorded, as_of) is expected
    later = visible(occurred, recorded, max(as_of, occurred, recorded, key=lambda each: each.astimezone(UTC)))
    assert later


@given(INSTANTS)
def test_an_instant_in_utc_is_the_same_instant(instant: datetime):
    assert in_utc("as_of", instant) == instant
    assert in_utc("as_of", instant).tzinfo is UTC


def test_leads_events_and_outcomes_keep_time_in_utc_and_refuse_a_time_without_zone():
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    made = (
        Lead("crm", "1", noon, noon),
        Event("crm", "e", ("crm", "1"), "call", noon, noon),
        Outcome("crm", "o", ("crm", "1"), "sold", True, None, noon, noon),  # noqa: FBT003 - its field
    )
    for each in made:
        assert (each.occurred_at.hour, each.recorded_at.tzinfo) == (10, UTC)
    with pytest.raises(
        NaiveTimeError, match=r"occurred_at must say its time zone, .* write 2026-01-01T00:00:00\+00:00"
    ):
        Lead("crm", "1", datetime(2026, 1, 1), noon)  # noqa: DTZ001 - the mistake


def test_now_has_a_zone():
    assert now().tzinfo is UTC
