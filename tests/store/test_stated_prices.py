"""What is read for the markets of some days is less than all that was said, and gives the same medians."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from tests.targets import a_target

from leadwise.domain.history import instant_of, microseconds
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import FIELD_CHANGED, FieldKind, LeadField
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.markets import find_medians, time_that_counts
from leadwise.store.cleaning import json_text
from leadwise.store.events import EventRepository
from leadwise.store.history import read_history
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.stated_prices import read_stated_prices

Stamps = tuple[datetime, datetime]

ENGINE = DuckDBEngine()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = [microseconds(TODAY - DAY), microseconds(TODAY)]


def field(name: str, kind: FieldKind, market: tuple[str, ...] = ()) -> LeadField:
    return LeadField(name=name, title=name, kind=kind, missing="Not said", market=market)


TEXT, NUMBER = FieldKind.TEXT, FieldKind.NUMBER
TARGET = a_target(
    fields=(
        field("city", TEXT),
        field("kind's", TEXT),
        field("rent", NUMBER, market=("city",)),
        field("price", NUMBER, market=("kind's", "city")),
    )
)


def narrowed(connection: Connection, days: list[int]) -> pa.Table:
    since, until = map(instant_of, time_that_counts(days))
    found = ["rent", "price"], ["city", "kind's"]
    return read_stated_prices(connection, "default", "lead", *found, since=since, until=until)


def medians(statements: pa.Table, days: list[int]) -> list[list[dict]]:
    found = find_medians(TARGET, statements, days, ENGINE)
    return [sorted(found[day].to_pylist(), key=str) for day in days]


instants = st.sampled_from(
    [TODAY + days * DAY + hours * HOUR for days in (-700, -181, -180, -1, 0) for hours in (-1, 0, 1)]
)
stamps = st.one_of(instants.map(lambda at: (at, at)), st.tuples(instants, instants))
prices = st.sampled_from([None, "", "on request", "-3", 7, "90", 100])
cities = st.sampled_from([None, "", "Bonn", "Köln"])
said = st.fixed_dictionaries({}, optional={"city": cities, "kind's": cities, "rent": prices, "price": prices})
changed = st.one_of(
    st.tuples(st.sampled_from(["city", "kind's"]), cities), st.tuples(st.sampled_from(["rent", "price"]), prices)
)
numbers = st.integers(0, 2)
told = st.one_of(
    st.tuples(st.just("lead"), numbers, stamps, said),
    st.tuples(st.just("change"), numbers, stamps, changed),
    st.tuples(st.just("merge"), numbers, stamps, numbers),
)


def deliver(connection: Connection, position: int, what: str, number: int, at: Stamps, content: Any) -> None:
    leads, name = LeadRepository(connection, "default"), ("web", str(number))
    occurred_at, recorded_at = at
    if what == "lead":
        leads.add_many([Lead(*name, occurred_at, recorded_at, content)])
    elif what == "change":
        particulars = {"field": content[0], "value": content[1]}
        event = Event("web", f"{position}", name, FIELD_CHANGED, occurred_at, recorded_at, particulars)
        EventRepository(connection, "default").add_many([event])
    elif (known := leads.find(*name)) is not None:
        row = {"source": "web", "external_id": name[1], "entity": "lead", "fields": json_text(known.fields)}
        row |= {"occurred_at": occurred_at, "recorded_at": recorded_at, "merged_into": str(content)}
        leads.add_table(pa.table({column: [value] for column, value in row.items()}))


def everybody() -> list[Lead]:
    """Five leads in one market, so that it has a median, of which each further price makes another one."""
    fields, at = {"city": "Bonn", "kind's": "Bonn"}, TODAY - 9 * DAY
    return [Lead("shop", str(each), at, at, {**fields, "rent": 5 * each, "price": each}) for each in range(5, 10)]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(told, min_size=3, max_size=14))
def test_less_than_all_that_was_said_gives_the_same_medians(database, told):
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("default", TODAY)
        LeadRepository(connection, "default").add_many(everybody())
        for position, each in enumerate(told):
            deliver(connection, position, *each)
    with database.transaction("default") as connection:
        everything = read_history(connection, "default", TARGET).statements
        for days in (DAYS, DAYS[:1], DAYS[1:]):
            assert medians(narrowed(connection, days), days) == medians(everything, days)


def test_what_has_no_part_in_a_market_of_the_days_is_not_read(database):
    old, recent, later = TODAY - 181 * DAY, TODAY - 9 * DAY, TODAY + HOUR
    with database.transaction() as connection:
        leads = LeadRepository(connection, "default")
        leads.add_many(Lead("web", name, old, old, {"city": "Bonn", "price": 1}) for name in ("old", "anew"))
        leads.add_many(
            [Lead("web", "anew", recent, recent, {"price": 2}), Lead("web", "none", recent, recent, {"x": 3})]
        )
        leads.add_many([Lead("web", "anew", later, later, {"price": 3}), Lead("web", "new", later, later, {"rent": 3})])
        found = narrowed(connection, DAYS[1:]).select(["field", "text", "number"]).to_pylist()
    assert sorted(map(tuple, (row.values() for row in found)), key=str) == [
        ("city", "Bonn", None),
        ("price", "1", 1.0),
        ("price", "2", 2.0),
    ]


def test_the_first_day_that_there_is_has_no_market(database):
    with database.transaction() as connection:
        LeadRepository(connection, "default").add_many(everybody())
        first = microseconds(datetime.min.replace(tzinfo=UTC))
        assert medians(narrowed(connection, [first]), [first]) == [[]]
