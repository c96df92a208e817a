"""For any history: what comes after an instant, the order of delivery and repeated delivery change no feature."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.targets import a_target

from leadwise.domain.clock import visible
from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import FIELD_CHANGED, Actor, EventKind, EventNumber, FieldKind, LeadField
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import compute
from leadwise.features.records import history_of

ENGINE = DuckDBEngine()
OF_MANY = DuckDBEngine(few_rows=0)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEAD = Lead("crm", "1", START, START, {"price": 100})
KINDS = ("received", "ordered", "unheard of", "sent", "held", FIELD_CHANGED)
TARGET = a_target(
    fields=(LeadField(name="price", title="Price", kind=FieldKind.NUMBER, missing="No price"),),
    events=(
        EventKind(name="received", title="Replies", actor=Actor.LEAD, never="", once="", times=""),
        EventKind(
            name="ordered",
            title="Orders",
            never="",
            once="",
            times="",
            numbers=(EventNumber(name="amount", title="Amount"),),
        ),
        EventKind(name="sent", title="Our messages", actor=Actor.STAFF, never="", once="", times=""),
        EventKind(name="held", title="Test drives", never="", once="", times=""),
    ),
)

# Whole hours and few identifiers, so that equal stamps happen often.
instants = st.integers(min_value=0, max_value=400).map(lambda hours: START + timedelta(hours=hours))
events = st.builds(
    Event,
    source=st.just("crm"),
    external_id=st.integers(0, 99).map(str),
    lead=st.just(("crm", "1")),
    kind=st.sampled_from(KINDS),
    occurred_at=instants,
    recorded_at=instants,
    fields=st.fixed_dictionaries({"field": st.just("price"), "value": st.integers(1, 5), "amount": st.integers(0, 3)}),
)
histories = st.lists(events, max_size=12, unique_by=lambda event: event.external_id)
quick = settings(max_examples=40, deadline=None)


def row(history: list[Event], as_of: datetime) -> dict[str, object]:
    return table([LEAD], history, as_of)[0]


def table(
    leads: list[Lead], history: list[Event], as_of: datetime, engine: DuckDBEngine = ENGINE
) -> list[dict[str, object]]:
    moments = [pa.array(range(len(leads)), pa.int64()), pa.array([microseconds(as_of)] * len(leads), pa.int64())]
    return compute(TARGET, history_of(TARGET, leads, history), pa.table(moments, schema=MOMENTS), engine).to_pylist()


def hidden(event: Event, as_of: datetime) -> bool:
    return not visible(event.occurred_at, event.recorded_at, as_of)


@quick
@given(histories, histories, instants)
def test_adding_what_is_not_visible_yet_changes_nothing(before: list[Event], added: list[Event], as_of: datetime):
    later = [replace(event, source="other") for event in added if hidden(event, as_of)]
    assert row(before + later, as_of) == row(before, as_of)


@quick
@given(histories, instants)
def test_deleting_what_is_not_visible_yet_changes_nothing(history: list[Event], as_of: datetime):
    assert row([event for event in history if not hidden(event, as_of)], as_of) == row(history, as_of)


@quick
@given(histories, instants, st.sampled_from(KINDS), st.integers(1, 100))
def test_editing_what_is_not_visible_yet_changes_nothing(history: list[Event], as_of: datetime, kind: str, hours: int):
    def edited(event: Event) -> Event:
        return replace(
            event,
            kind=kind,
            occurred_at=event.occurred_at + timedelta(hours=hours),
            recorded_at=event.recorded_at + timedelta(hours=hours),
            fields={"field": "price", "value": 77},
        )

    changed = [edited(event) if hidden(event, as_of) else event for event in history]
    assert row(changed, as_of) == row(history, as_of)


@quick
@given(histories.flatmap(lambda history: st.tuples(st.just(history), st.permutations(history))), instants)
def test_the_order_of_delivery_changes_nothing(orders: tuple[list[Event], list[Event]], as_of: datetime):
    assert row(orders[0], as_of) == row(orders[1], as_of)


@quick
@given(histories, instants)
def test_delivering_everything_twice_changes_nothing(history: list[Event], as_of: datetime):
    assert row(history + history[::-1], as_of) == row(history, as_of)


@quick
@given(st.lists(st.tuples(st.integers(1, 3), events), max_size=15), instants)
def test_a_table_of_many_leads_equals_each_lead_alone(delivered: list[tuple[int, Event]], as_of: datetime):
    leads = [Lead("crm", str(number), START, START, {"price": 100 * number}) for number in (1, 2, 3)]
    history = [
        replace(event, lead=("crm", str(number)), external_id=f"{place}")
        for place, (number, event) in enumerate(delivered)
    ]
    together = table(leads, history, as_of, OF_MANY)
    for lead, got in zip(leads, together, strict=True):
        (alone,) = table([lead], history, as_of)
        assert got | {"lead": 0} == alone
