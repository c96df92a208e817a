"""Values of each family, worked out by hand."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from tests import targets

from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import Actor, EventKind, EventNumber, FieldKind, LeadField, Target
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.found_kinds import count_kinds, find_kinds, with_kinds
from leadwise.features.history import compute, definitions, describe
from leadwise.features.records import history_of

ENGINE = DuckDBEngine()
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
KEY = ("crm", "1")
NO_CHANGES = {"It: changes": 0, "It: days since the last change": None}


def a_kind(name: str, title: str, actor: Actor | None = None, *numbers: EventNumber) -> EventKind:
    words = {"never": "Never", "once": "Once", "times": "{value} times"}
    return EventKind(name=name, title=title, actor=actor, numbers=numbers, **words)


def a_target(*fields: LeadField, events: tuple[EventKind, ...] = ()) -> Target:
    return targets.a_target(fields=fields, events=events)


TARGET = a_target(
    events=(
        a_kind("received", "Replies", Actor.LEAD),
        a_kind("sent", "Messages", Actor.STAFF),
        a_kind("ordered", "Orders", None, EventNumber(name="amount", title="Order amount", unit="EUR")),
    )
)


def happened(day: float, kind: str, **fields: Any) -> Event:
    at = MONDAY + timedelta(days=day)
    return Event("crm", f"{kind}@{day}{fields}", KEY, kind, at, at, fields)


def row(target: Target, events: Iterable[Event], day: float, **fields: Any) -> dict[str, Any]:
    history = history_of(target, [Lead(*KEY, MONDAY, MONDAY, fields)], events)
    moments = pa.table([[0], [microseconds(MONDAY + timedelta(days=day))]], schema=MOMENTS)
    return compute(target, history, moments, ENGINE).to_pylist()[0]


def field_value(kind: FieldKind, value: object, day: float = 10) -> dict[str, Any]:
    target = a_target(LeadField(name="it", title="It", kind=kind, missing="Nothing"))
    found = row(target, [], day, it=value)
    return {name: each for name, each in found.items() if name.startswith("It")}


def test_counts_within_windows_begin_after_their_first_instant() -> None:
    found = row(TARGET, [happened(day, "received") for day in (1, 24, 30, 30.5)], 31)
    windows = ("", " in the last 24 hours", " in the last 7 days", " in the last 30 days")
    assert [found[f"Replies{window}"] for window in windows] == [4, 1, 2, 3]


def test_days_since_the_first_and_the_last_of_a_kind() -> None:
    found = row(TARGET, [happened(day, "received") for day in (1, 4)], 6)
    assert (found["Replies: days since the first"], found["Replies: days since the last"]) == (5, 2)
    assert found["Messages: days since the last"] is None
    assert describe(TARGET, "Replies: days since the last", 2.0) == "Replies: the last was 2 days ago"


def test_sums_means_and_extremes_of_amounts() -> None:
    orders = [happened(1, "ordered", amount=10), happened(2.5, "ordered", amount="20.5"), happened(35, "ordered")]
    found = row(TARGET, [*orders, happened(3, "received", amount=99)], 32)
    suffixes = ("", " in the last 30 days", " on average", " at most")
    assert [found[f"Order amount{suffix}"] for suffix in suffixes] == [30.5, 20.5, 15.25, 20.5]
    assert describe(TARGET, "Order amount on average", 15.25) == "Order amount: 15.2 EUR on average"


def test_no_orders_are_a_sum_of_nothing_and_no_average() -> None:
    found = row(TARGET, [], 1)
    assert (found["Order amount"], found["Order amount on average"]) == (0, None)


def test_a_number_of_two_kinds_goes_under_the_names_of_both() -> None:
    number = EventNumber(name="amount", title="Amount")
    target = a_target(events=(a_kind("a", "Orders", None, number), a_kind("b", "Returns", None, number)))
    found = row(target, [happened(1, "a", amount=5), happened(1, "b", amount=2)], 2)
    assert (found["Orders: Amount"], found["Returns: Amount"]) == (5, 2)


def test_trend_is_last_week_against_the_week_before() -> None:
    found = row(TARGET, [happened(day, "sent") for day in (1, 2, 9, 10, 10.5)], 14)
    assert found["More events than the week before"] == 3 - 2
    assert describe(TARGET, "More events than the week before", -2) == "2 fewer events than in the week before"
    assert describe(TARGET, "More events than the week before", 0) == "As active as in the week before"


def test_active_days_and_days_in_a_row() -> None:
    events = [happened(day, "sent") for day in (0.5, 20.1, 37.2, 38.5, 39.5, 39.6)]
    found = row(TARGET, events, 40)
    assert found["Active days in the last 30 days"] == 4
    assert found["Days in a row with events"] == 3
    assert row(TARGET, events, 41)["Days in a row with events"] == 0


def test_kinds_rates_and_gaps() -> None:
    found = row(TARGET, [happened(1, "sent"), happened(2, "received"), happened(5, "received")], 10)
    assert found["All events"] == 3
    assert found["Kinds of events"] == 2
    assert found["Engagement rate"] == 2
    assert found["Events per day since arrival"] == 0.3
    assert found["Hours between events on average"] == 48


def test_the_moment_has_weekday_and_hour_and_days_before_1970_too() -> None:
    found = row(TARGET, [], 4.5)
    assert (found["Weekday"], found["Hour of day"]) == ("Friday", 21)
    lead = Lead(*KEY, datetime(1969, 12, 28, 23, tzinfo=UTC), datetime(1969, 12, 28, 23, tzinfo=UTC))
    moments = pa.table([[0], [microseconds(lead.occurred_at)]], schema=MOMENTS)
    (old,) = compute(TARGET, history_of(TARGET, [lead], []), moments, ENGINE).to_pylist()
    assert (old["Arrival weekday"], old["Arrival hour"]) == ("Sunday", 23)


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (FieldKind.NUMBER, "12.5", {"It": 12.5, **NO_CHANGES}),
        (FieldKind.NUMBER, "many", {"It": None, **NO_CHANGES}),
        (FieldKind.TEXT, "", {"It": None, **NO_CHANGES}),
        (FieldKind.YES_NO, "Yes", {"It": True, **NO_CHANGES}),
        (FieldKind.LONG_TEXT, "Grüße 🙂", {"It: length": 7, **NO_CHANGES}),
        (FieldKind.DATE, "2026-01-14", {"It: days ago": 1.375, **NO_CHANGES}),
        (FieldKind.DATE, "20.1.2026", {"It: days ago": -4.625, **NO_CHANGES}),
        (FieldKind.DATE, "soon", {"It: days ago": None, **NO_CHANGES}),
        (FieldKind.EMAIL, "Ada@GMail.com ", {"It: kind of address": "free", **NO_CHANGES}),
        (FieldKind.PHONE, "0044 20 7031 3000", {"It: valid": True, "It: country": "GB", **NO_CHANGES}),
        (FieldKind.PHONE, "12", {"It: valid": False, "It: country": None, **NO_CHANGES}),
        (FieldKind.PHOTOS, "3", {"It: any": True, "It: number": 3, **NO_CHANGES}),
        (FieldKind.PHOTOS, '["https://a.example/1.jpg", "2.jpg"]', {"It: any": True, "It: number": 2, **NO_CHANGES}),
        (FieldKind.PHOTOS, "[]", {"It: any": False, "It: number": 0, **NO_CHANGES}),
        (FieldKind.JOB_TITLE, "Leiterin Vertrieb", {"It: seniority": "manager", **NO_CHANGES}),
    ],
)
def test_what_a_field_says(kind: FieldKind, value: str, found: dict[str, Any]) -> None:
    assert field_value(kind, value) == found


def test_dates_ahead_and_behind_are_told_as_such() -> None:
    target = a_target(LeadField(name="end", title="Contract ends", kind=FieldKind.DATE, missing="Nothing"))
    assert describe(target, "Contract ends: days ago", 3.0) == "Contract ends: 3 days ago"
    assert describe(target, "Contract ends: days ago", -3.0) == "Contract ends: in 3 days"


def test_saying_the_same_again_is_no_change_and_changing_back_is_two() -> None:
    target = a_target(LeadField(name="it", title="It", kind=FieldKind.TEXT, missing="Nothing"))

    def told(*values: str) -> list[Event]:
        return [happened(day, "field_changed", field="it", value=value) for day, value in enumerate(values, start=1)]

    assert row(target, told("a", "a"), 9, it="a")["Changed details"] == 0
    again = row(target, told("a", "b", "a"), 9, it="a")
    assert (again["Changed details"], again["Changed details: days since the last"]) == (2, 6)
    assert again["Hours since anything happened"] == 6 * 24


def test_the_longest_silence_is_between_two_events_or_before_the_first_or_since_the_last() -> None:
    name = "Hours of the longest silence"
    assert row(TARGET, [], 2)[name] == 48
    assert row(TARGET, [happened(3, "sent"), happened(4, "sent")], 5)[name] == 72
    assert row(TARGET, [happened(1, "sent"), happened(8, "received"), happened(9, "sent")], 10)[name] == 7 * 24
    assert row(TARGET, [happened(1, "sent"), happened(2, "sent")], 7)[name] == 5 * 24


def test_who_never_wrote_although_we_did_has_an_engagement_of_zero() -> None:
    assert row(TARGET, [happened(1, "sent")], 2)["Engagement rate"] == 0
    assert row(TARGET, [happened(1, "received")], 2)["Engagement rate"] is None


def test_changes_of_an_amount_are_counted_for_that_field_alone() -> None:
    both = (
        LeadField(name=name, title=name.title(), kind=FieldKind.NUMBER, missing="Nothing") for name in ("price", "area")
    )
    cheaper = [happened(day, "field_changed", field="price", value=value) for day, value in ((2, 90), (5, 80))]
    found = row(a_target(*both), cheaper, 9, price=100, area=50)
    assert (found["Price"], found["Price: changes"], found["Price: days since the last change"]) == (80, 2, 4)
    assert (found["Area"], found["Area: changes"], found["Area: days since the last change"]) == (50, 0, None)


def test_targets_that_do_not_say_who_acts_have_no_reply_times() -> None:
    names = [each.name for each in definitions(a_target(events=(a_kind("viewed", "Views"),)))]
    assert not [name for name in names if "repl" in name or "heard" in name]


def test_kinds_that_are_not_named_get_features_of_their_own_the_most_frequent_first() -> None:
    events = [*(happened(day, "page_viewed") for day in (1, 2)), happened(1, "call"), happened(1, "fax")]
    happened_so_far = history_of(
        TARGET, [Lead(*KEY, MONDAY, MONDAY)], [*events, happened(9, "later"), happened(9, "later")]
    )
    counts = count_kinds(happened_so_far, microseconds(MONDAY + timedelta(days=3)))
    assert counts == {"page_viewed": 2, "call": 1, "fax": 1}
    target = with_kinds(TARGET, find_kinds(TARGET, counts, most=2))
    found = row(target, events, 3)
    assert (found["Page viewed"], found["Call"], found["Events of other kinds"]) == (2, 1, 1)
    assert "Fax" not in found
    assert describe(target, "Page viewed", 2) == "Page viewed: 2 times"
    assert row(TARGET, events, 3)["Events of other kinds"] == 4


def test_kinds_that_were_found_stay_and_those_that_the_target_learns_to_name_go() -> None:
    counts = {"call": 5, "fax": 9, "page_viewed": 7}
    assert find_kinds(TARGET, counts, kept=["call"], most=2) == ("call", "fax")
    named = TARGET.model_copy(update={"events": (*TARGET.events, a_kind("call", "Calls"))})
    assert find_kinds(named, counts, kept=["call"], most=2) == ("fax", "page_viewed")
    assert with_kinds(named, ["call"]) == named


def test_what_leadwise_did_itself_gets_no_words_although_an_older_snapshot_gave_it_some():
    assert find_kinds(TARGET, {"pushed_to_crm": 99, "fax": 1}, kept=["pushed_to_crm"]) == ("fax",)
