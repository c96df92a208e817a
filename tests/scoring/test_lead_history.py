"""One lead by itself is compared with the same market as among all leads, whatever became known meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from tests.targets import a_target

from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import FIELD_CHANGED, FieldKind, LeadField
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.markets import find_medians, with_medians
from leadwise.scoring import lead_history
from leadwise.scoring.lead_history import read_leads
from leadwise.store.cleaning import json_text
from leadwise.store.erasures import erase_lead
from leadwise.store.events import EventRepository
from leadwise.store.history import find_numbers, read_history
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository

ENGINE = DuckDBEngine()
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)
AS_OF = microseconds(START + 9 * DAY)


def field(name: str, kind: FieldKind = FieldKind.TEXT, market: tuple[str, ...] = ()) -> LeadField:
    return LeadField(name=name, title=name, kind=kind, missing="Not said", market=market)


TARGET = a_target(fields=(field("city"), field("kind's"), field("price", FieldKind.NUMBER, market=("city", "kind's"))))


def lead(number: int, city: str | None = "Bonn", kind: str | None = "flat", at: datetime = START) -> Lead:
    return Lead("web", str(number), at, at, {"city": city, "kind's": kind, "price": 100 * number})


def moved(number: int, name: str, value: str, at: datetime = START + 2 * DAY) -> Event:
    return Event(
        "web", f"{number} {name}", ("web", str(number)), FIELD_CHANGED, at, at, {"field": name, "value": value}
    )


def market(connection: Connection, *leads: int) -> list[dict]:
    """Of each lead, from a history of these leads alone."""
    moments = pa.table([list(leads), [AS_OF] * len(leads)], schema=MOMENTS)
    history = read_leads(connection, "default", TARGET, leads, [AS_OF])
    return with_medians(TARGET, history, moments, ENGINE).to_pylist()


def number(connection: Connection, name: object) -> int:
    return find_numbers(connection, "default", "lead", str(name))["web"]


def test_one_lead_is_compared_with_its_market_and_with_nothing_else(database):
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("other", START)
        LeadRepository(connection, "other").add_many([lead(99)])
        LeadRepository(connection, "default").add_many(
            [*map(lead, range(1, 6)), lead(6, city="Köln"), lead(7, kind=None)]
        )
        one = number(connection, 1)
        history = read_leads(connection, "default", TARGET, [one], [AS_OF])
        assert set(history.statements["lead"].to_pylist()) == {one}
        assert market(connection, one) == [{"lead": one, "as_of": AS_OF, "median_0": 300.0, "prices_0": 5}]
        assert market(connection, number(connection, 7))[0]["median_0"] is None


def test_what_others_ask_for_must_be_known_on_the_day(database):
    with database.transaction() as connection:
        LeadRepository(connection, "default").add_many(map(lead, range(1, 6)))
        one = number(connection, 1)
        moments = pa.table([[one], [AS_OF]], schema=MOMENTS)
        for history in (
            read_history(connection, "default", TARGET, [one]),
            read_leads(connection, "default", TARGET, [one], [AS_OF - 86_400_000_000]),
        ):
            with pytest.raises(KeyError):
                with_medians(TARGET, history, moments, ENGINE)


def test_a_lead_that_is_said_to_be_elsewhere_has_left_the_market(database):
    with database.transaction() as connection:
        leads = LeadRepository(connection, "default")
        leads.add_many(map(lead, range(1, 7)))
        leads.add_many([lead(5, city="Köln", at=START + DAY)])
        assert market(connection, number(connection, 1))[0]["prices_0"] == 5


cities, kinds = st.sampled_from(["Bonn", "Köln", None]), st.sampled_from(["flat", "house", ""])
worlds = st.lists(st.tuples(cities, kinds), min_size=1, max_size=14)
changes = st.lists(
    st.tuples(st.integers(0, 13), st.one_of(st.tuples(st.just("city"), cities), st.tuples(st.just("kind's"), kinds))),
    max_size=5,
    unique_by=lambda change: (change[0], change[1][0]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds, changes)
def test_a_lead_by_itself_has_the_market_that_it_has_among_all(database, world, said):
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("default", START)
        LeadRepository(connection, "default").add_many([lead(n, *each) for n, each in enumerate(world)])
        told = [moved(n, name, value) for n, (name, value) in said if n < len(world)]
        EventRepository(connection, "default").add_many(told)
        numbers = read_history(connection, "default", TARGET).leads["lead"].to_pylist()
        moments = pa.table([numbers, [AS_OF] * len(numbers)], schema=MOMENTS)
        together = with_medians(TARGET, read_history(connection, "default", TARGET), moments, ENGINE).to_pylist()
        assert [market(connection, each)[0] for each in numbers] == together
        assert market(connection, *numbers) == together


PAST, TODAY = START - 2 * DAY, START + 9 * DAY
deliveries = st.one_of(
    st.builds(
        lambda number, price, city, at: ("lead", number, price, city, at),
        st.integers(0, 9),
        st.integers(1, 9),
        cities,
        st.sampled_from([PAST, START, TODAY]),
    ),
    st.tuples(
        st.just("change"), st.integers(0, 9), cities, st.sampled_from([PAST, START, TODAY]), st.sampled_from("ab")
    ),
    st.tuples(st.just("erase"), st.integers(0, 9)),
    st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9), st.sampled_from([PAST, START, TODAY])),
)


def deliver(connection: Connection, what: str, number: int, *rest: Any) -> None:
    """One thing that may change what was known before the day."""
    leads, name = LeadRepository(connection, "default"), ("web", str(number))
    if leads.find(*name) is None and what != "lead":
        return
    if what == "lead":
        price, city, at = rest
        leads.add_many([Lead(*name, at, at, {"city": city, "kind's": "flat", "price": price})])
    elif what == "change":
        city, at, identifier = rest
        event = Event("web", identifier, name, FIELD_CHANGED, at, at, {"field": "city", "value": city})
        EventRepository(connection, "default").add_many([event])
    elif what == "erase":
        erase_lead(connection, "default", name, "test", TODAY)
    else:
        whole, at = rest
        row = {"source": "web", "external_id": str(number), "entity": "lead", "occurred_at": at, "recorded_at": at}
        row |= {"fields": json_text(leads.get(*name).fields), "merged_into": str(whole)}
        leads.add_table(pa.table({column: [value] for column, value in row.items()}), readmit=True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(deliveries, max_size=3), max_size=6))
def test_what_becomes_known_of_the_past_changes_the_market_at_once(database, told):
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("default", START)
        LeadRepository(connection, "default").add_many(map(lead, range(6)))
    for piece in told:
        with database.transaction() as connection:
            for each in piece:
                deliver(connection, *each)
        with database.transaction("default") as connection:
            history = read_history(connection, "default", TARGET)
            numbers = history.leads["lead"].to_pylist()
            moments = pa.table([numbers, [AS_OF] * len(numbers)], schema=MOMENTS)
            assert market(connection, *numbers) == with_medians(TARGET, history, moments, ENGINE).to_pylist()


def test_each_change_of_the_past_is_seen_at_once(database):
    said_today = ("change", 5, "Köln", TODAY, "said twice")
    changes = [
        ("lead", 7, 50, "Bonn", START),
        ("change", 6, "Köln", START, "said once"),
        ("change", 5, "Köln", START, "said twice"),
        ("merge", 4, 3, START),
        ("erase", 1),
    ]
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("default", START)
        LeadRepository(connection, "default").add_many(map(lead, range(1, 7)))
        deliver(connection, *said_today)
    prices = []
    for change in (None, *changes):
        with database.transaction() as connection:
            if change is not None:
                deliver(connection, *change)
        with database.transaction("default") as connection:
            prices.append(market(connection, number(connection, 2))[0]["prices_0"])
    assert prices == [6, 7, 6, 5, 4, 3]


def test_medians_are_kept_while_nothing_older_than_the_day_becomes_known(database, monkeypatch):
    found = []
    monkeypatch.setattr(lead_history, "find_medians", lambda *given: found.append(1) or find_medians(*given))

    def look() -> int:
        with database.transaction("default") as connection:
            return market(connection, number(connection, 1))[0]["prices_0"]

    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("default", START)
        LeadRepository(connection, "default").add_many(map(lead, range(1, 6)))
    assert (look(), look(), len(found)) == (5, 5, 1)
    with database.transaction() as connection:
        LeadRepository(connection, "default").add_many([lead(6, at=TODAY), lead(1, city="Bonn", at=TODAY)])
        EventRepository(connection, "default").add_many(
            [Event("web", "call", ("web", "1"), "call", START, START, {}), moved(6, "city", "Bonn", at=TODAY)]
        )
    assert (look(), len(found)) == (5, 1)
    with database.transaction() as connection:
        LeadRepository(connection, "default").add_many([lead(7)])
    assert (look(), look(), len(found)) == (6, 6, 2)
