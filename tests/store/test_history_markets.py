"""The history of one lead brings the prices of its market along, and of no other."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import FIELD_CHANGED, FieldKind, LeadField, Target
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.markets import with_medians
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


TARGET = Target(
    name="sold",
    title="Buys",
    entity="lead",
    horizon_days=60,
    open_days=30,
    ages_days=(0,),
    fields=(field("city"), field("kind's"), field("price", FieldKind.NUMBER, market=("city", "kind's"))),
)


def lead(number: int, city: str | None = "Bonn", kind: str | None = "flat", at: datetime = START) -> Lead:
    return Lead("web", str(number), at, at, {"city": city, "kind's": kind, "price": 100 * number})


def moved(number: int, name: str, value: str) -> Event:
    at = START + 2 * DAY
    return Event(
        "web", f"{number} {name}", ("web", str(number)), FIELD_CHANGED, at, at, {"field": name, "value": value}
    )


def market(connection: Connection, *leads: int) -> list[dict]:
    """Of each lead, from a history of these leads alone."""
    moments = pa.table([list(leads), [AS_OF] * len(leads)], schema=MOMENTS)
    return with_medians(TARGET, read_history(connection, "default", TARGET, leads), moments, ENGINE).to_pylist()


def number(connection: Connection, name: object) -> int:
    return find_numbers(connection, "default", "lead", str(name))["web"]


def test_one_leads_history_has_the_prices_of_its_market_and_of_nothing_else(database):
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew("other", START)
        LeadRepository(connection, "other").add_many([lead(99)])
        LeadRepository(connection, "default").add_many(
            [*map(lead, range(1, 6)), lead(6, city="Köln"), lead(7, kind=None)]
        )
        one = number(connection, 1)
        history = read_history(connection, "default", TARGET, [one])
        assert sorted(set(history.others["lead"].to_pylist())) == [number(connection, name) for name in range(2, 6)]
        assert set(history.statements["lead"].to_pylist()) == {one}
        assert market(connection, one) == [{"lead": one, "as_of": AS_OF, "median_0": 300.0, "prices_0": 5}]
        assert read_history(connection, "default", TARGET).others.num_rows == 0
        plain = TARGET.model_copy(update={"fields": (field("city"), field("price", FieldKind.NUMBER))})
        assert read_history(connection, "default", plain, [one]).others.num_rows == 0


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
