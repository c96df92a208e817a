import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from leadwise.domain.clock import NaiveTimeError
from leadwise.domain.lead import Event, Lead, Outcome
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.results import AddResult

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)

VISIT = Event("web", "e1", ("web", "1"), "page_visited", MONDAY, MONDAY + DAY, {"page": "/price"})
SALE = Outcome("crm", "o1", ("web", "1"), "car_sold", won=True, value=20_000.5, occurred_at=MONDAY, recorded_at=MONDAY)


@pytest.fixture(autouse=True)
def _leads(connection: Connection) -> None:
    LeadRepository(connection).add_many([Lead("web", name, MONDAY, MONDAY) for name in ("1", "2")])


def test_an_event_is_visible_once_it_is_known(connection: Connection):
    events = EventRepository(connection)
    assert events.add_many([VISIT]) == AddResult(added=1, unchanged=0)
    assert events.list_visible(MONDAY + DAY) == [VISIT]
    assert events.list_visible(MONDAY + DAY / 2) == []
    assert events.list_visible(MONDAY - DAY) == []


def test_an_event_that_has_not_occurred_yet_is_not_visible(connection: Connection):
    appointment = replace(VISIT, occurred_at=MONDAY + 3 * DAY, recorded_at=MONDAY)
    EventRepository(connection).add_many([appointment])
    assert EventRepository(connection).list_visible(MONDAY + 2 * DAY) == []


def test_events_of_one_lead_come_in_the_order_in_which_they_occurred(connection: Connection):
    late = replace(VISIT, external_id="e2", occurred_at=MONDAY + DAY)
    of_another = replace(VISIT, external_id="e3", lead=("web", "2"))
    events = EventRepository(connection)
    events.add_many([late, of_another, VISIT])
    assert events.list_visible(MONDAY + DAY, ("web", "1")) == [VISIT, late]


def test_as_of_must_say_its_zone(connection: Connection):
    with pytest.raises(NaiveTimeError, match="as_of"):
        EventRepository(connection).list_visible(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_an_event_delivered_again_is_one_and_the_first_word_counts(connection: Connection):
    events = EventRepository(connection)
    again = replace(VISIT, kind="other", recorded_at=MONDAY + 2 * DAY)
    assert events.add_many([again, VISIT, VISIT]) == AddResult(added=1, unchanged=2)
    assert events.add_many([again]) == AddResult(added=0, unchanged=1)
    assert events.list_visible(MONDAY + 9 * DAY) == [VISIT]


def test_what_belongs_to_an_unknown_lead_is_rejected_and_the_rest_stored(connection: Connection):
    stray = ("web", "99")
    visits = EventRepository(connection).add_many([replace(VISIT, external_id="stray", lead=stray), VISIT])
    sales = OutcomeRepository(connection).add_many([replace(SALE, external_id="stray", lead=stray), SALE])
    for result in (visits, sales):
        assert result.added == 1
        assert result.unchanged == 0
        assert [(row.external_id, row.reason) for row in result.rejected] == [
            ("stray", 'There is no lead "99" from "web".')
        ]


def test_an_outcome_delivered_again_is_one(connection: Connection):
    outcomes = OutcomeRepository(connection)
    lost = replace(SALE, external_id="o2", lead=("web", "2"), won=False, value=None)
    assert outcomes.add_many([SALE, lost, SALE]) == AddResult(added=2, unchanged=1)
    assert outcomes.add_many([lost, SALE]) == AddResult(added=0, unchanged=2)
    assert sorted(outcomes.list("car_sold"), key=lambda outcome: outcome.external_id) == [SALE, lost]
    assert outcomes.list("test_drive") == []


def test_a_value_that_is_no_number_is_rejected(connection: Connection):
    result = OutcomeRepository(connection).add_many([replace(SALE, value=math.nan)])
    assert result.added == 0
    assert "value is nan" in result.rejected[0].reason


def test_events_go_with_their_leads_and_with_those_merged_into_them(connection: Connection):
    events = EventRepository(connection)
    kept = replace(VISIT, external_id="e4", lead=("web", "4"))
    LeadRepository(connection).add_many([Lead("web", name, MONDAY, MONDAY) for name in ("3", "4")])
    events.add_many([VISIT, replace(VISIT, external_id="e2", lead=("web", "2")), kept])
    connection.execute(text("UPDATE leads SET merged_into = (SELECT min(id) FROM leads) WHERE external_id = '2'"))
    connection.execute(text("DELETE FROM leads WHERE external_id IN ('1', '3')"))
    assert connection.execute(text("SELECT external_id FROM events")).scalars().all() == ["e4"]
    connection.execute(text("TRUNCATE leads CASCADE"))
    assert events.list_visible(MONDAY + 9 * DAY) == []
    assert connection.execute(text("SELECT count(*) FROM events")).scalar_one() == 0
