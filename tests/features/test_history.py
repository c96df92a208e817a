from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from tests.targets import a_target

from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import Actor, EventKind, FieldKind, LeadField, NamedFeature
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import (
    FeatureNotFoundError,
    FeaturesOfOneNameError,
    LeadNotKnownYetError,
    compute,
    definitions,
    describe,
)
from leadwise.features.records import history_of

ENGINE = DuckDBEngine()
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


def a_kind(name: str, title: str, actor: Actor | None = None) -> EventKind:
    return EventKind(name=name, title=title, actor=actor, never="Never", once="Once", times="{value} times")


TARGET = a_target(
    ages_days=(0, 7),
    fields=(
        LeadField(name="name", title="Name", kind=FieldKind.TEXT, feature=False, missing="No name"),
        LeadField(name="price", title="Price", kind=FieldKind.NUMBER, sentence="Costs {value} EUR", missing="No price"),
        LeadField(name="make", title="Make", kind=FieldKind.TEXT, missing="No make"),
        LeadField(
            name="loan", title="Loan", kind=FieldKind.YES_NO, sentence="Wants", sentence_no="Pays", missing="Silent"
        ),
    ),
    events=(
        a_kind("received", "Replies", Actor.LEAD),
        a_kind("sent", "Our messages", Actor.STAFF),
        a_kind("held", "Test drives"),
    ),
)
LEAD = Lead("crm", "1", MONDAY, MONDAY, {"name": "Ada", "price": 100, "make": "Ford", "loan": True})


def happened(hours: float, kind: str, learnt_after: float = 0, name: str = "", **fields: Any) -> Event:
    at = MONDAY + timedelta(hours=hours)
    return Event("crm", name or f"{kind}@{hours}", LEAD_KEY, kind, at, at + timedelta(hours=learnt_after), fields)


LEAD_KEY = (LEAD.source, LEAD.external_id)


def row(*events: Event, hours: float = 24, lead: Lead = LEAD) -> dict[str, Any]:
    return rows([lead], events, [0], hours=hours)[0]


def rows(leads: list[Lead], events: Iterable[Event], numbers: list[int], *, hours: float) -> list[dict[str, Any]]:
    at = microseconds(MONDAY + timedelta(hours=hours))
    moments = pa.table([pa.array(numbers, pa.int64()), pa.array([at] * len(numbers), pa.int64())], schema=MOMENTS)
    return compute(TARGET, history_of(TARGET, leads, events), moments, ENGINE).to_pylist()


def test_fields_are_columns_named_as_sales_reads_them() -> None:
    given = row()
    assert (given["Price"], given["Make"], given["Loan"]) == (100.0, "Ford", True)


def test_a_persons_name_is_no_feature() -> None:
    assert "Name" not in row()


def test_a_value_of_another_kind_is_missing() -> None:
    lead = Lead("crm", "1", MONDAY, MONDAY, {"price": "on request", "loan": "perhaps"})
    given = row(lead=lead)
    assert (given["Price"], given["Make"], given["Loan"]) == (None, None, None)


def test_a_changed_field_holds_from_when_it_was_known() -> None:
    change = happened(5, "field_changed", learnt_after=10, field="price", value=90)
    assert [row(change, hours=hours)["Price"] for hours in (4, 14, 15)] == [100, 100, 90]
    assert [row(change, hours=hours)["Changed details"] for hours in (4, 14, 15)] == [0, 0, 1]


def test_the_latest_change_in_the_world_counts_though_an_earlier_one_is_learnt_later() -> None:
    early = happened(1, "field_changed", learnt_after=20, field="price", value=80)
    late = happened(5, "field_changed", field="price", value=90)
    assert row(early, late)["Price"] == 90


def test_a_field_can_be_emptied() -> None:
    assert row(happened(5, "field_changed", field="price", value=None))["Price"] is None


def test_counts_are_ever_and_in_the_last_seven_days() -> None:
    given = row(happened(1, "received"), happened(200, "received"), hours=201)
    assert (given["Replies"], given["Replies in the last 7 days"], given["Test drives"]) == (2, 1, 0)


def test_reply_times_in_both_directions() -> None:
    given = row(happened(2, "sent"), happened(5, "received"), happened(9, "sent"))
    assert given["Hours to our first reply"] == 2
    assert given["Hours to their first reply"] == 3


def test_reply_times_are_missing_until_there_is_a_reply() -> None:
    given = row()
    assert given["Hours to our first reply"] is None
    assert given["Hours to their first reply"] is None


def test_a_message_before_our_first_one_is_no_reply() -> None:
    assert row(happened(1, "received"), happened(2, "sent"))["Hours to their first reply"] is None


def test_a_lead_waits_from_its_latest_message_until_ours() -> None:
    assert row(hours=3)["Hours waiting for our reply"] == 3
    assert row(happened(1, "sent"), hours=3)["Hours waiting for our reply"] is None
    assert row(happened(1, "sent"), happened(2, "received"), hours=5)["Hours waiting for our reply"] == 3


def test_hours_since() -> None:
    given = row(happened(1, "received"), happened(4, "held"), hours=10)
    assert (given["Hours since last heard from"], given["Hours since anything happened"]) == (9, 6)
    assert row(hours=10)["Hours since anything happened"] == 10


def test_age_and_arrival() -> None:
    given = row(hours=36)
    assert (given["Days since arrival"], given["Arrival hour"], given["Arrival weekday"]) == (1.5, 9, "Monday")


def test_an_event_delivered_twice_is_one() -> None:
    assert row(happened(1, "received", name="a"), happened(1, "received", name="a"))["Replies"] == 1


def test_a_second_delivery_never_overwrites_the_first() -> None:
    first = happened(1, "received", name="a")
    second = happened(1, "held", name="a", learnt_after=2)
    for history in ([first, second], [second, first]):
        given = row(*history)
        assert (given["Replies"], given["Test drives"]) == (1, 0)


def test_a_lead_that_is_not_known_yet_has_no_features() -> None:
    lead = Lead("crm", "1", MONDAY, MONDAY + timedelta(hours=2))
    with pytest.raises(LeadNotKnownYetError, match="ask for 2026-01-05T11:00:00"):
        row(hours=1, lead=lead)
    assert row(hours=2, lead=lead)["Replies"] == 0


def test_events_find_their_leads_and_strangers_are_left_aside() -> None:
    other = Lead("crm", "2", MONDAY - timedelta(days=1), MONDAY)
    stray = Event("crm", "9", ("crm", "nobody"), "received", MONDAY, MONDAY)
    found = rows([LEAD, other, LEAD], [happened(1, "received"), stray], [0, 1], hours=24)
    assert [(each["Days since arrival"], each["Replies"]) for each in found] == [(2, 0), (1, 1)]


def test_a_table_has_the_same_columns_and_types_with_and_without_rows() -> None:
    history = history_of(TARGET, [LEAD], [])
    empty = compute(TARGET, history, MOMENTS.empty_table(), ENGINE)
    full = compute(TARGET, history, pa.table([[0], [microseconds(MONDAY)]], schema=MOMENTS), ENGINE)
    assert (empty.num_rows, full.num_rows) == (0, 1)
    assert empty.schema == full.schema
    assert full.schema.field("Price").type == pa.float64()
    assert full.schema.field("Replies").type == pa.int64()


@pytest.mark.parametrize("column", [each.name for each in definitions(TARGET)])
def test_every_feature_reads_as_a_sentence(column: str) -> None:
    value = row(happened(2, "sent"), happened(5, "received"), happened(6, "received"))[column]
    sentence = describe(TARGET, column, value)
    assert sentence[0].isupper() or sentence[0].isdigit()
    assert "{" not in sentence


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("Price", 18_900.0, "Costs 18,900 EUR"),
        ("Price", None, "No price"),
        ("Make", "Ford", "Make: Ford"),
        ("Loan", True, "Wants"),
        ("Loan", False, "Pays"),
        ("Replies", 0, "Never"),
        ("Replies", 1, "Once"),
        ("Replies in the last 7 days", 3, "3 times in the last 7 days"),
        ("Hours to our first reply", 0.3, "We first replied after 18 minutes"),
        ("Days since arrival", 3.1, "Arrived 3 days ago"),
    ],
)
def test_sentences(column: str, value: Any, sentence: str) -> None:
    assert describe(TARGET, column, value) == sentence


def test_a_feature_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(FeatureNotFoundError, match="Did you mean 'Replies'"):
        describe(TARGET, "Replys", 1)


def test_two_features_of_one_name_are_refused_with_the_names() -> None:
    field = LeadField(name="hour", title="Arrival hour", kind=FieldKind.NUMBER, missing="")
    with pytest.raises(FeaturesOfOneNameError, match=r"stand twice: Arrival hour.*another title"):
        definitions(TARGET.model_copy(update={"fields": (field,)}))


def test_named_features_are_the_only_ones_under_their_names_and_in_their_units() -> None:
    minutes = NamedFeature(name="response_time_minutes", of="Hours to our first reply", times=60)
    target = TARGET.model_copy(update={"features": (minutes, NamedFeature(name="replies", of="Replies"))})
    history = history_of(target, [LEAD], [happened(2, "sent"), happened(3, "received")])
    moments = pa.table([[0], [microseconds(MONDAY + timedelta(hours=4))]], schema=MOMENTS)
    (found,) = compute(target, history, moments, ENGINE).drop_columns(MOMENTS.names).to_pylist()
    assert found == {"response_time_minutes": 120.0, "replies": 1}
    assert describe(target, "response_time_minutes", 120.0) == "We first replied after 2 hours"


def test_a_named_feature_that_is_not_there_is_answered_with_the_nearest() -> None:
    target = TARGET.model_copy(update={"features": (NamedFeature(name="x", of="Replys"),)})
    with pytest.raises(FeatureNotFoundError, match="Did you mean 'Replies'"):
        definitions(target)
