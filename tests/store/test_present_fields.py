"""What is kept in memory of leads' fields is what the store says now, whatever became known meanwhile."""

import time
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from leadwise.domain.clock import now
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import FIELD_CHANGED
from leadwise.store import present_fields
from leadwise.store.cleaning import json_text
from leadwise.store.current_fields import read_current_fields
from leadwise.store.database import Database
from leadwise.store.erasures import erase_lead
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.present_fields import as_table, read_present_fields

FIELDS = ("make", "x")
DAY = timedelta(days=1)
NOW = now()


def lead(number: int, make: str | None, at: datetime = NOW - DAY) -> Lead:
    return Lead("web", str(number), at, at, {"make": make, "x": 1})


def changed(number: int, make: str | None, occurred_at: datetime, recorded_at: datetime, identifier: str) -> Event:
    said = {"field": "make", "value": make}
    return Event("web", identifier, ("web", str(number)), FIELD_CHANGED, occurred_at, recorded_at, said)


def kept(database: Database, organisation: str = "default") -> list[dict]:
    with database.transaction(organisation) as connection:
        found = read_present_fields(connection, organisation, "lead", FIELDS)
    return sorted(found.to_pylist(), key=str)


def stored(database: Database) -> list[dict]:
    with database.transaction() as connection:
        known = read_current_fields(connection, "default", "lead", FIELDS, now())
    return sorted(as_table(FIELDS, known).to_pylist(), key=str)


def deliver(connection: Connection, position: int, what: str, number: int, make: str | None, age: timedelta) -> None:
    leads, name, at = LeadRepository(connection), ("web", str(number)), NOW - age
    known = leads.find(*name)
    if what == "lead":
        leads.add_many([lead(number, make, at)])
    elif known is not None and what == "change":
        EventRepository(connection).add_many([changed(number, make, at, at, str(position % 3))])
    elif known is not None and what == "erase":
        erase_lead(connection, "default", name, "test", NOW)
    elif known is not None:
        row = {"source": "web", "external_id": name[1], "entity": "lead", "fields": json_text(known.fields)}
        row |= {"occurred_at": at, "recorded_at": at, "merged_into": str(number + 1)}
        leads.add_table(pa.table({column: [value] for column, value in row.items()}))


told = st.tuples(
    st.sampled_from(["lead", "lead", "change", "change", "merge", "erase"]),
    st.integers(0, 2),
    st.sampled_from(["Audi", "BMW", "", None]),
    st.sampled_from([timedelta(), timedelta(seconds=1), DAY, 400 * DAY]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(told, min_size=1, max_size=3), max_size=6))
def test_what_is_kept_is_what_is_stored(database: Database, told):
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("default", NOW)
    for place, piece in enumerate(told):
        with database.transaction() as connection:
            for position, each in enumerate(piece, place):
                deliver(connection, position, *each)
        assert kept(database) == stored(database)


def test_a_fact_is_seen_once_its_instant_has_come(database: Database):
    soon = now() + timedelta(seconds=0.6)
    with database.transaction() as connection:
        LeadRepository(connection).add_many([lead(1, "Audi"), lead(2, "Audi")])
        EventRepository(connection).add_many(
            [changed(1, "BMW", soon, NOW, "will occur"), changed(2, "Opel", NOW, soon, "will be recorded")]
        )
    assert [row["value_0"] for row in kept(database)] == ["Audi", "Audi"]
    time.sleep(0.7)
    assert [row["value_0"] for row in kept(database)] == ["BMW", "Opel"]


def test_only_leads_of_which_something_was_said_are_read_again(database: Database, monkeypatch: pytest.MonkeyPatch):
    read: list[int | None] = []

    def noted(*given: object) -> dict:
        read.append(len(given[5]) if len(given) > 5 else None)
        return read_current_fields(*given)

    monkeypatch.setattr(present_fields, "read_current_fields", noted)
    with database.transaction() as connection:
        LeadRepository(connection).add_many(lead(number, "Audi") for number in range(9))
    assert (len(kept(database)), len(kept(database)), read) == (9, 9, [None])
    with database.transaction() as connection:
        LeadRepository(connection).add_many([lead(3, "BMW", now()), lead(10, "BMW", now())])
    assert (kept(database), read) == (stored(database), [None, 2])
    monkeypatch.setattr(present_fields, "MOST_FOLLOWED", 1)
    assert (len(kept(database)), read) == (10, [None, 2])
    with database.transaction() as connection:
        LeadRepository(connection).add_many([lead(11, "BMW", now())])
    assert (len(kept(database)), read) == (11, [None, 2, None])


def test_organisations_are_kept_apart(database: Database):
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("other", NOW)
        LeadRepository(connection).add_many([lead(1, "Audi")])
        LeadRepository(connection, "other").add_many([lead(1, "BMW"), lead(2, None)])
    assert [row["value_0"] for row in kept(database)] == ["Audi"]
    assert [row["value_0"] for row in kept(database, "other")] == ["BMW", None]
