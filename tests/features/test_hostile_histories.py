"""Histories that no orderly system would write: clear values, and nothing of a name becomes SQL."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from tests.targets import a_target

from leadwise.domain.history import EVENTS, LEADS, MOMENTS, OUTCOMES, STATEMENTS, History
from leadwise.domain.target import EventKind, EventNumber, FieldKind, LeadField, Target
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.found_kinds import MOST_KINDS, count_kinds, find_kinds, with_kinds
from leadwise.features.history import LeadNotKnownYetError, compute, definitions, statement

ENGINE = DuckDBEngine(threads=1)
HOUR = 3_600_000_000
START = 20_000 * 24 * HOUR
FOREVER = 2**62
HOSTILE = (
    "'; DROP TABLE leads; --",
    '"quoted"',
    "{value}",
    "<script>alert(1)</script>",
    "select",
    "🙂",
    "مرحبا",
    "back\\slash",
    "%s",
    "",
    " ",
    "weekday",
    "Weekday",
    "All events",
    "new\nline",
    "a" * 5000,
)
TARGET = a_target(name="x", title="X")


def history(kinds: list[str], texts: list[str] = (), arrived: int = START) -> History:  # type: ignore[assignment]
    stamps = pa.array(START + HOUR * np.arange(1, len(kinds) + 1))
    one = pa.array(np.ones(len(kinds), np.int64))
    said = [pa.array([START] * len(texts), pa.int64())] * 2
    leads = pa.array([1] * len(texts), pa.int64())
    places = pa.array(range(len(texts)), pa.int64())
    return History(
        pa.table([[1], ["crm"], ["L1"], [arrived], [arrived]], schema=LEADS),
        pa.table(
            [leads, list(texts), list(texts), pa.nulls(len(texts), pa.float64()), *said, places], schema=STATEMENTS
        ),
        pa.table([one, pa.array(kinds, pa.string()), stamps, stamps, pa.array(np.arange(len(kinds)))], schema=EVENTS),
        OUTCOMES.empty_table(),
    )


def row(target: Target, of: History, hour: float) -> dict[str, object]:
    moments = pa.table([[1], [START + int(hour * HOUR)]], schema=MOMENTS)
    return compute(target, of, moments, ENGINE).to_pylist()[0]


def test_kinds_named_like_sql_html_or_other_features_are_counted_each_by_itself() -> None:
    happened = history([*HOSTILE, *HOSTILE])
    target = with_kinds(TARGET, find_kinds(TARGET, count_kinds(happened, FOREVER)))
    found = row(target, happened, 100)
    own = target.events
    assert {kind.name for kind in own} == set(HOSTILE)
    assert [found[kind.title] for kind in own] == [2] * len(HOSTILE)
    assert found["All events"] == 2 * len(HOSTILE)
    assert not any(name.strip() and name in statement(target, ENGINE.dialect) for name in HOSTILE if name != "select")


def test_fields_and_numbers_with_hostile_names_and_texts_are_read_as_they_are() -> None:
    fields = tuple(
        LeadField(name=name, title=f"T{n}", kind=FieldKind.TEXT, missing="") for n, name in enumerate(HOSTILE)
    )
    number = EventNumber(name='n"; DROP TABLE x', title="Number")
    kind = EventKind(name="e", title="E", never="", once="", times="", numbers=(number,))
    target = TARGET.model_copy(update={"fields": fields, "events": (kind,)})
    told = history(["e"], list(HOSTILE))
    events = told.events.append_column(number.name, pa.array([2.5]))
    found = row(target, History(told.leads, told.statements, events, told.outcomes), 5)
    assert [found[field.title] for field in fields] == list(HOSTILE)
    assert found["Number"] == 2.5


def test_ten_thousand_kinds_give_a_bounded_number_of_features() -> None:
    happened = history([f"kind {n}" for n in range(10_000)] + ["kind 7"] * 3)
    target = with_kinds(TARGET, find_kinds(TARGET, count_kinds(happened, FOREVER)))
    assert len(target.events) == MOST_KINDS
    assert len(definitions(target)) < 200
    found = row(target, happened, 10_100)
    assert found["Kind 7"] == 4
    assert found["Events of other kinds"] == 10_000 - MOST_KINDS


def test_a_hundred_thousand_events_on_one_lead() -> None:
    kind = EventKind(name="click", title="Clicks", never="", once="", times="")
    target = TARGET.model_copy(update={"events": (kind,)})
    found = row(target, history(["click"] * 100_000), 100_000)
    assert (found["Clicks"], found["Clicks in the last 7 days"], found["Days in a row with events"]) == (
        100_000,
        168,
        30,
    )


def test_events_before_the_arrival_give_negative_ages_and_no_wrong_numbers() -> None:
    late = history(["a", "b"], arrived=START + 10 * HOUR)
    kinds = tuple(EventKind(name=name, title=name.upper(), never="", once="", times="") for name in "ab")
    found = row(TARGET.model_copy(update={"events": kinds}), late, 10)
    assert (found["A"], found["All events"], found["Days since arrival"]) == (1, 2, 0)
    assert found["Hours since anything happened"] == 8


def test_events_in_the_future_are_not_there_yet() -> None:
    assert row(TARGET, history(["a"] * 5), 2.5)["All events"] == 2


def test_a_lead_that_is_not_there_is_named() -> None:
    moments = pa.table([[1, 99], [START, START]], schema=MOMENTS)
    with pytest.raises(LeadNotKnownYetError, match=r"The lead 99 was not known at 2024.*import it first"):
        compute(TARGET, history([]), moments, ENGINE)
    assert datetime(2024, 10, 4, tzinfo=UTC).timestamp() * 1e6 == START
