"""Tables of records: new ones are copied straight in, others are sorted in, and nobody can tell which was which."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, make_url, text
from tests.databases import run_alone

from leadwise.domain.lead import Event, Lead, Outcome
from leadwise.store import new_records
from leadwise.store.cleaning import json_text
from leadwise.store.database import Database, open_database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.results import AddResult

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
FAR = MONDAY + timedelta(days=99)
ODD = ('{"a",b}', "100% %s", 'back\\slash"', "line\nfeed", "NULL", " 'quoted' ", "日本 🙂")
"""Texts that mean something to one of the formats that they pass through."""
LEADS = [Lead(source, name, MONDAY, MONDAY) for source in ("web", "crm") for name in ("1", *ODD)]
MANY = new_records.SAMPLE_ROWS * 3

EVENTS = st.builds(
    Event,
    source=st.sampled_from(["web", "crm"]),
    external_id=st.sampled_from([str(number) for number in range(5)] + list(ODD)),
    lead=st.tuples(st.sampled_from(["web", "crm"]), st.sampled_from(["1", "unknown", *ODD])),
    kind=st.sampled_from(["visit", ODD[0]]),
    occurred_at=st.sampled_from([MONDAY, MONDAY + timedelta(microseconds=1)]),
    recorded_at=st.sampled_from([MONDAY, MONDAY + timedelta(days=1)]),
    fields=st.sampled_from([{}, {"note": ODD[2]}, {"n": 1}]),
)


def event(number: int, lead: str = "1") -> Event:
    return Event("web", f"{number:05}", ("web", lead), "visit", MONDAY, MONDAY, {"n": number})


def table_of(records: list[Event] | list[Outcome]) -> pa.Table:
    rows = []
    for record in records:
        row = asdict(record)
        row["lead_source"], row["lead_external_id"] = row.pop("lead")
        rows.append(row | ({"fields": json_text(row["fields"])} if "fields" in row else {}))
    return pa.Table.from_pylist(rows)


@pytest.fixture
def events(connection: Connection) -> EventRepository:
    LeadRepository(connection).add_many(LEADS)
    return EventRepository(connection)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=st.lists(st.lists(EVENTS, min_size=1, max_size=8), min_size=1, max_size=3))
def test_tables_leave_the_same_as_records_one_by_one(database: Database, deliveries: list[list[Event]]):
    left = []
    for by_table in (True, False):
        with database.transaction() as connection:
            connection.execute(text("DELETE FROM leads"))
            LeadRepository(connection).add_many(LEADS)
            events = EventRepository(connection)
            told = [
                events.add_table(table_of(records)) if by_table else events.add_many(records) for records in deliveries
            ]
            counts = [(each.added, each.unchanged, each.changed, len(each.rejected)) for each in told]
            left.append((counts, events.list_visible(FAR)))
    assert left[0] == left[1]


def test_only_rows_of_unknown_leads_are_kept_from_a_table_of_new_ones(events: EventRepository):
    rows = [event(number, "nobody" if number in (3, MANY - 1) else "1") for number in range(MANY)]
    told = events.add_table(table_of(rows))
    assert (told.added, told.unchanged) == (MANY - 2, 0)
    assert [(each.position, each.reason) for each in told.rejected] == [
        (4, 'There is no lead "nobody" from "web".'),
        (MANY, 'There is no lead "nobody" from "web".'),
    ]


def test_a_stored_event_that_no_sample_shows_is_not_stored_twice(events: EventRepository):
    """The second row of many is not in the sample, so that only the key of the table tells of it."""
    stored = replace(event(1), kind="stored first", recorded_at=MONDAY - timedelta(days=1))
    events.add_many([stored])
    told = events.add_table(table_of([event(number) for number in range(MANY)]))
    assert told == AddResult(added=MANY - 1, unchanged=1)
    assert [found for found in events.list_visible(FAR) if found.external_id == stored.external_id] == [stored]


def test_an_event_that_comes_twice_in_a_table_of_new_ones_is_one(events: EventRepository):
    later = replace(event(1), recorded_at=MONDAY + timedelta(days=1))
    told = events.add_table(table_of([later, *(event(number) for number in range(MANY))]))
    assert told == AddResult(added=MANY, unchanged=1)
    assert later not in events.list_visible(FAR)


def test_the_same_table_again_adds_nothing(events: EventRepository):
    table = table_of([event(number) for number in range(MANY)])
    assert events.add_table(table) == AddResult(added=MANY, unchanged=0)
    assert events.add_table(table) == AddResult(added=0, unchanged=MANY)


def test_outcomes_without_value_come_in_by_table(events: EventRepository, connection: Connection):
    outcomes = [
        Outcome("crm", str(number), ("web", "1"), "sold", won=bool(number), value=value, occurred_at=MONDAY,
                recorded_at=MONDAY)
        for number, value in enumerate([None, 12.5])
    ]  # fmt: skip
    repository = OutcomeRepository(connection)
    assert repository.add_table(table_of(outcomes)) == AddResult(added=2, unchanged=0)
    assert repository.list("sold") == outcomes
    assert events.list_visible(FAR) == []


def test_a_service_that_sees_one_organisation_stores_tables_too(database: Database):
    with database.transaction("default") as connection:
        LeadRepository(connection).add_many(LEADS)
        events = EventRepository(connection)
        assert events.add_table(table_of([event(number) for number in range(3)])).added == 3
        assert len(events.list_visible(FAR)) == 3


def test_stamps_are_the_same_whatever_the_time_zone_of_the_server(server: Database, empty_url: str):
    name = make_url(empty_url).database
    run_alone(server, f"ALTER DATABASE {name} SET TimeZone = 'Asia/Kolkata'")
    run_alone(server, f"ALTER DATABASE {name} SET DateStyle = 'German'")
    new = [event(number) for number in range(3)]
    with open_database(empty_url, Path("unused")) as database, database.transaction() as connection:
        LeadRepository(connection).add_many(LEADS)
        events = EventRepository(connection)
        assert events.add_table(table_of(new)).added == 3
        (told, *_) = events.list_visible(FAR)
        assert events.list_visible(FAR) == new
        assert told.occurred_at.isoformat() == "2026-01-05T00:00:00+00:00"
