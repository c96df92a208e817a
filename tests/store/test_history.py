import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from tests.targets import a_target

from leadwise.domain.history import EVENTS, LEADS, OUTCOMES, STATEMENTS, microseconds
from leadwise.domain.lead import Event, Lead, Outcome
from leadwise.domain.target import EventKind, EventNumber, FieldKind, LeadField
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.history import read_history
from leadwise.store.leads import LeadRepository
from leadwise.store.outcomes import OutcomeRepository

MONDAY = datetime(2026, 1, 5, 9, 30, 0, 123_456, tzinfo=UTC)
DAY = timedelta(days=1)
MICROSECONDS_PER_DAY = 86_400_000_000
AT = microseconds(MONDAY)


def field(name: str, kind: FieldKind = FieldKind.TEXT) -> LeadField:
    return LeadField(name=name, title=name.title(), kind=kind, missing="Not said.")


ORDER = EventKind(
    name="order", title="Orders", never="", once="", times="", numbers=(EventNumber(name="amount", title="Amount"),)
)
TARGET = a_target(fields=(field("budget", FieldKind.NUMBER), field("city")), events=(ORDER,))


def lead(name: str = "1", day: float = 0, **fields: object) -> Lead:
    return Lead("web", name, MONDAY, MONDAY + day * DAY, fields)


def event(name: str, day: float = 0, kind: str = "order", lead: str = "1", **fields: object) -> Event:
    return Event("shop", name, ("web", lead), kind, MONDAY + day * DAY, MONDAY + day * DAY, fields)


def outcome(name: str, day: float = 0, **changes: Any) -> Outcome:
    at = MONDAY + day * DAY
    first = Outcome("crm", name, ("web", "1"), "sold", won=True, value=None, occurred_at=at, recorded_at=at)
    return replace(first, **changes)


def deliver(connection: Connection, *things: Lead | Event | Outcome) -> None:
    LeadRepository(connection).add_many(thing for thing in things if isinstance(thing, Lead))
    EventRepository(connection).add_many(thing for thing in things if isinstance(thing, Event))
    OutcomeRepository(connection).add_many(thing for thing in things if isinstance(thing, Outcome))


def rows(table: pa.Table, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in table.to_pylist()]


def test_an_empty_store_gives_empty_tables_of_the_agreed_columns(connection: Connection):
    history = read_history(connection, "default", TARGET)
    assert history.leads.schema == LEADS
    assert history.statements.schema == STATEMENTS
    assert history.events.schema == pa.schema([*EVENTS, pa.field("amount", pa.float64())])
    assert history.outcomes.schema == OUTCOMES
    assert all(not getattr(history, name).num_rows for name in ("leads", "statements", "events", "outcomes"))


def test_all_that_is_on_record_comes_out_in_whole_microseconds(connection: Connection):
    deliver(connection, lead(budget="12.5", city="Zoë\n\"x\", ''"), event("e", amount=3), outcome("o", 2, value=7.5))
    history = read_history(connection, "default", TARGET)
    assert history.leads.schema == LEADS
    assert rows(history.leads, "source", "external_id", "occurred_at", "recorded_at") == [("web", "1", AT, AT)]
    assert rows(history.statements, "field", "text", "number", "occurred_at", "recorded_at") == [
        ("budget", "12.5", 12.5, AT, AT),
        ("city", "Zoë\n\"x\", ''", None, AT, AT),
    ]
    assert rows(history.events, "kind", "occurred_at", "recorded_at", "position", "amount") == [
        ("order", AT, AT, 1, 3.0)
    ]
    later = AT + 2 * MICROSECONDS_PER_DAY
    assert rows(history.outcomes, "won", "value", "occurred_at", "recorded_at") == [(True, 7.5, later, later)]


def test_what_a_target_does_not_ask_for_stays_out(connection: Connection):
    elsewhere = replace(lead("9"), entity="customer")
    deliver(connection, lead(nickname="x"), elsewhere, event("e", lead="9"), outcome("o", target="other"))
    history = read_history(connection, "default", TARGET)
    assert rows(history.leads, "external_id") == [("1",)]
    assert [history.statements.num_rows, history.events.num_rows, history.outcomes.num_rows] == [0, 0, 0]


def test_some_leads_alone_can_be_asked_for(connection: Connection):
    deliver(connection, lead(), lead("2"), event("a"), event("b", lead="2"))
    numbers = {row["external_id"]: row["lead"] for row in read_history(connection, "default", TARGET).leads.to_pylist()}
    some = read_history(connection, "default", TARGET, [numbers["2"]])
    assert rows(some.leads, "external_id") == [("2",)]
    assert rows(some.events, "lead") == [(numbers["2"],)]


def test_a_few_leads_are_read_as_all_of_them_are(connection: Connection):
    said = [lead(city="Zoë\n\"x\", ''", budget="1e-99"), lead("2", budget="", city=None), lead("3", 4, city="NULL")]
    happened = [event("a", amount=0.1), event("b", 2, lead="2"), event("c", 1, "field_changed", field="city", value="")]
    deliver(connection, *said, *happened, outcome("o", value=7.25), outcome("p", 3, won=False))
    whole = read_history(connection, "default", TARGET)
    few = read_history(connection, "default", TARGET, whole.leads["lead"].to_pylist())
    for name in ("leads", "statements", "events", "outcomes"):
        one, other = (getattr(each, name) for each in (whole, few))
        assert one.schema == other.schema
        assert one.num_rows > 1
        assert sorted(one.to_pylist(), key=str) == sorted(other.to_pylist(), key=str)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("12", 12.0), (" -1.5e3 ", -1500.0), (".5", 0.5), (7, 7.0), (10**150, 1e150), ("", None), ("12,5", None),
        ("NaN", None), ("Infinity", None), ("1e999", None), ("1" * 400, None), ("0x10", None), (True, None),
        (None, None), ([1], None), ("🚗", None), ("1_000", None), ("1e-99", 1e-99),
    ],
)  # fmt: skip
def test_what_is_no_number_has_none_and_is_never_an_error(connection: Connection, said: object, number: float | None):
    deliver(connection, lead(budget=said), event("e", amount=said))
    history = read_history(connection, "default", TARGET)
    assert rows(history.statements, "number") == [(number,)]
    assert rows(history.events, "amount") == [(number,)]


def test_null_says_that_a_field_is_not_given(connection: Connection):
    deliver(connection, lead(city=None, budget=""))
    assert rows(read_history(connection, "default", TARGET).statements, "text") == [(None,), (None,)]


def test_long_texts_come_out_whole(connection: Connection):
    long = "line\n" * 1_200_000
    deliver(connection, lead(city=long), lead("2", city="short"))
    assert rows(read_history(connection, "default", TARGET).statements, "text") == [(long,), ("short",)]


def test_each_later_delivery_speaks_of_the_instant_at_which_it_was_recorded(connection: Connection):
    deliver(connection, lead(budget=1), lead(day=2, budget=2), lead(day=4, budget=1))
    statements = read_history(connection, "default", TARGET).statements
    assert rows(statements, "text", "occurred_at", "position") == [
        ("1", AT, 1),
        ("2", AT + 2 * MICROSECONDS_PER_DAY, 2),
        ("1", AT + 4 * MICROSECONDS_PER_DAY, 3),
    ]


def test_an_event_that_changes_a_field_is_a_statement(connection: Connection):
    deliver(connection, lead(budget=1), event("c", 1, "field_changed", field="budget", value=5), event("d", 2))
    history = read_history(connection, "default", TARGET)
    assert rows(history.statements, "text", "recorded_at") == [("1", AT), ("5", AT + MICROSECONDS_PER_DAY)]
    assert rows(history.events, "kind") == [("order",)]


def test_what_has_the_same_stamps_is_in_order_of_its_source_and_identifier(connection: Connection):
    deliver(connection, lead(), event("b", amount=2), event("a", amount=1), event("c", -1, amount=0))
    events = read_history(connection, "default", TARGET).events
    assert sorted(rows(events, "position", "amount")) == [(1, 0.0), (2, 1.0), (3, 2.0)]


def test_names_like_sql_or_html_and_of_any_script_come_out_as_they_went_in(connection: Connection):
    odd = [
        "'; DROP TABLE leads; --",
        "<script>alert(1)</script>",
        "עברית",
        "🚗👩‍👩‍👧",
        "%s %(leads)s",
        '"quoted"',
        "a,b\nc",
    ]
    amount = EventNumber(name="'; DROP TABLE events; --", title="Odd")
    target = TARGET.model_copy(update={"events": (ORDER.model_copy(update={"numbers": (amount,)}),)})
    deliver(connection, *(lead(name) for name in odd))
    deliver(connection, *(event(name, kind=name, lead=name, **{amount.name: 4}) for name in odd))
    history = read_history(connection, "default", target)
    assert sorted(rows(history.leads, "external_id")) == sorted((name,) for name in odd)
    assert sorted(rows(history.events, "kind", amount.name)) == sorted((name, 4.0) for name in odd)


def test_a_lead_won_twice_has_two_outcomes(connection: Connection):
    deliver(connection, lead(), outcome("first", 1, value=1.0), outcome("second", 2, value=2.0))
    assert rows(read_history(connection, "default", TARGET).outcomes, "value") == [(1.0,), (2.0,)]


def test_of_two_versions_of_a_record_the_one_recorded_first_counts(connection: Connection):
    early, late = event("e", 1, amount=1), event("e", 2, amount=2)
    won, lost = outcome("o", 1), outcome("o", 2, won=False)
    deliver(connection, lead(), late, lost)
    deliver(connection, early, won)
    deliver(connection, late, lost)
    history = read_history(connection, "default", TARGET)
    assert rows(history.events, "amount") == [(1.0,)]
    assert rows(history.outcomes, "won") == [(True,)]


DELIVERIES = st.lists(
    st.one_of(
        st.builds(lead, st.sampled_from("12"), st.integers(0, 3), budget=st.sampled_from([1, 2, "x", None])),
        st.builds(event, st.sampled_from("abc"), st.integers(0, 2), st.sampled_from(["order", "visit"]),
                  st.sampled_from("12"), amount=st.sampled_from([1, 2])),
        st.builds(event, st.sampled_from("de"), st.integers(0, 2), st.just("field_changed"), st.sampled_from("12"),
                  field=st.just("budget"), value=st.sampled_from([1, 3])),
        st.builds(outcome, st.sampled_from("xy"), st.integers(0, 2), won=st.booleans(),
                  value=st.sampled_from([None, 1.0])),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def content(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The history with leads under their outer names, since their numbers are the store's own."""
    history = read_history(connection, "default", TARGET)
    names = {row["lead"]: row["external_id"] for row in history.leads.to_pylist()}
    found = {}
    for name in ("leads", "statements", "events", "outcomes"):
        listed = [{**row, "lead": names[row["lead"]]} for row in getattr(history, name).to_pylist()]
        found[name] = sorted((tuple(row.values()) for row in listed), key=repr)
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=DELIVERIES, seed=st.integers(0, 1000))
def test_order_repetition_and_splitting_of_deliveries_change_nothing(
    database: Database, deliveries: list[Lead | Event | Outcome], seed: int
):
    # Both leads are known from the start: what tells of a lead that nobody knows is rejected.
    known = [lead("1", 3), lead("2", 3)]
    shuffled = [*deliveries, *deliveries]
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - no secret
    half = len(shuffled) // 2
    histories = []
    for batches in ([deliveries], [shuffled], [shuffled[:half], shuffled[half:]], [[one] for one in shuffled]):
        with database.transaction() as connection:
            connection.execute(text("TRUNCATE leads CASCADE"))
            deliver(connection, *known)
            for batch in batches:
                deliver(connection, *batch)
            histories.append(content(connection))
    assert all(history == histories[0] for history in histories)


def test_what_leadwise_did_itself_is_nothing_to_learn_from_unless_a_target_names_it(connection: Connection):
    deliver(connection, lead(), event("1"), event("2", kind="pushed_to_crm"), event("3", kind="call"))
    assert rows(read_history(connection, "default", TARGET).events, "kind") == [("order",), ("call",)]
    pushes = EventKind(name="pushed_to_crm", title="Pushes", never="", once="", times="")
    told = read_history(connection, "default", TARGET.model_copy(update={"events": (ORDER, pushes)})).events
    assert rows(told, "kind") == [("order",), ("pushed_to_crm",), ("call",)]
