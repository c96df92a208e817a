import math
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from leadwise.domain.lead import Lead
from leadwise.store.database import Database
from leadwise.store.errors import LeadNotFoundError
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.results import AddResult

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def lead(external_id: str = "1", day: int = 0, **fields: object) -> Lead:
    return Lead("web", external_id, MONDAY, MONDAY + timedelta(days=day), fields)


def changes(connection: Connection) -> list[tuple[str, object, int]]:
    events = EventRepository(connection).list_visible(MONDAY + timedelta(days=10_000))
    return [(event.fields["field"], event.fields["value"], (event.recorded_at - MONDAY).days) for event in events]


def test_a_lead_comes_back_as_it_was_stored(connection: Connection):
    stored = lead(name="Zoë 🚗", budget=12.5, tags=["a", {"b": None}])
    LeadRepository(connection).add_many([stored])
    assert LeadRepository(connection).get("web", "1") == stored
    assert LeadRepository(connection).list() == [stored]


def test_pages_of_leads_follow_each_other(connection: Connection):
    leads = LeadRepository(connection)
    leads.add_many(lead(str(number)) for number in range(5))
    ids = [found.external_id for start in (0, 2, 4) for found in leads.list(limit=2, offset=start)]
    assert sorted(ids) == ["0", "1", "2", "3", "4"]


def test_a_lead_that_is_not_there_is_missing(connection: Connection):
    assert LeadRepository(connection).find("web", "7") is None
    with pytest.raises(LeadNotFoundError, match='no lead "7" from "web"'):
        LeadRepository(connection).get("web", "7")


def test_importing_twice_doubles_nothing(connection: Connection):
    leads = LeadRepository(connection)
    rows = [lead(str(number), budget=number) for number in range(100)]
    assert leads.add_many(rows) == AddResult(added=100, unchanged=0)
    assert leads.add_many(reversed(rows)) == AddResult(added=0, unchanged=100)
    assert leads.add_many([lead(str(number), day=3, budget=number) for number in range(100)]).unchanged == 100
    assert len(leads.list()) == 100
    assert changes(connection) == []


def test_a_changed_field_is_an_event_and_the_lead_stays_as_it_arrived(connection: Connection):
    leads = LeadRepository(connection)
    leads.add_many([lead(budget=10, colour="red")])
    assert leads.add_many([lead(day=2, budget=20, phone=None)]) == AddResult(added=0, unchanged=0, changed=1)
    assert leads.get("web", "1") == lead(budget=10, colour="red")
    assert sorted(changes(connection)) == [("budget", 20, 2), ("phone", None, 2)]


def test_the_same_change_delivered_again_is_one(connection: Connection):
    leads = LeadRepository(connection)
    leads.add_many([lead(budget=10)])
    for day in (2, 2, 3):
        result = leads.add_many([lead(day=day, budget=20)])
    assert result == AddResult(added=0, unchanged=1)
    leads.add_many([lead(budget=10)])
    assert changes(connection) == [("budget", 20, 2)]


def test_a_field_that_changes_back_is_two_changes(connection: Connection):
    leads = LeadRepository(connection)
    for day, budget in enumerate((10, 20, 10, 10)):
        leads.add_many([lead(day=day, budget=budget)])
    assert changes(connection) == [("budget", 20, 1), ("budget", 10, 2)]


def test_what_is_delivered_late_finds_its_place(connection: Connection):
    leads = LeadRepository(connection)
    leads.add_many([lead(budget=10), lead(day=5, budget=20)])
    assert leads.add_many([lead(day=3, budget=15)]) == AddResult(added=0, unchanged=0, changed=1)
    assert changes(connection) == [("budget", 15, 3), ("budget", 20, 5)]


def test_what_was_recorded_first_is_the_arrival_however_late_it_is_delivered(connection: Connection):
    leads = LeadRepository(connection)
    leads.add_many([lead(day=5, budget=20)])
    assert leads.add_many([lead(budget=10)]) == AddResult(added=0, unchanged=0, changed=1)
    assert leads.get("web", "1") == lead(budget=10)
    assert changes(connection) == [("budget", 20, 5)]


def test_a_lead_of_another_kind_needs_another_source(connection: Connection):
    leads = LeadRepository(connection)
    leads.add_many([lead()])
    result = leads.add_many([replace(lead(), entity="customer"), lead("2")])
    assert (result.added, len(result.rejected)) == (1, 1)
    assert 'stored as entity "lead", not "customer"' in result.rejected[0].reason


def test_what_was_said_of_one_instant_is_no_news_when_delivered_again(connection: Connection):
    leads = LeadRepository(connection)
    for budget in (10, 20, 30):
        leads.add_many([lead(budget=budget)])
    for budget in (10, 20, 30):
        assert leads.add_many([lead(budget=budget)]) == AddResult(added=0, unchanged=1)
    assert changes(connection) == [("budget", 20, 0), ("budget", 30, 0)]


def test_of_what_was_recorded_at_one_instant_the_content_decides_what_arrives(connection: Connection):
    batch = [lead(budget=20), lead(budget=10), lead(budget=15)]
    assert LeadRepository(connection).add_many(batch) == AddResult(added=1, unchanged=0, changed=2)
    assert LeadRepository(connection).add_many(batch) == AddResult(added=0, unchanged=3)
    assert LeadRepository(connection).get("web", "1") == lead(budget=10)
    assert changes(connection) == [("budget", 15, 0), ("budget", 20, 0)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.sampled_from([1, 2, None]), min_size=1, max_size=6),
    shuffle=st.randoms(use_true_random=False),
    repeats=st.integers(1, 2),
)
def test_neither_order_nor_repetition_within_a_batch_matters(database: Database, values, shuffle, repeats):
    batch = [lead(day=day, budget=value) for day, value in enumerate(values)] * repeats
    shuffle.shuffle(batch)
    expected = [("budget", value, day) for day, value in enumerate(values) if day > 0 and value != values[day - 1]]
    with database.transaction() as connection:
        connection.execute(text("TRUNCATE leads CASCADE"))
        for _ in range(2):
            LeadRepository(connection).add_many(batch)
            assert LeadRepository(connection).list() == [lead(budget=values[0])]
            assert changes(connection) == expected


def test_what_postgresql_cannot_hold_is_replaced_in_fields(connection: Connection):
    long = "x" * 3_000_000
    LeadRepository(connection).add_many(
        [lead(note="a\x00b", half="\ud83d!", bad=math.nan, worse=[-math.inf], big=2**70, long=long, text="\\u0000")]
    )
    assert LeadRepository(connection).get("web", "1").fields == {
        "note": "a\N{REPLACEMENT CHARACTER}b",
        "half": "\N{REPLACEMENT CHARACTER}!",
        "bad": None,
        "worse": [None],
        "big": 2**70,
        "long": long,
        "text": "\\u0000",
    }


def test_a_character_that_postgresql_cannot_hold_is_found_on_its_own(connection: Connection):
    LeadRepository(connection).add_many([lead(note="\x00")])
    assert LeadRepository(connection).get("web", "1").fields == {"note": "\N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (lead("a\x00b"), "character that cannot be stored"),
        (lead("\ud83d"), "character that cannot be stored"),
        (lead("x" * 501), "501 characters"),
        (lead(""), "empty"),
        (lead(when={1, 2}), "cannot be written as JSON"),
    ],
)
def test_a_lead_that_cannot_be_stored_is_rejected_and_the_others_stored(connection: Connection, bad, reason):
    result = LeadRepository(connection).add_many([lead("before"), bad, lead("after")])
    assert result.added == 2
    (rejection,) = result.rejected
    assert (rejection.source, rejection.external_id) == ("web", bad.external_id)
    assert reason in rejection.reason


def test_organisations_do_not_see_each_other(connection: Connection):
    connection.execute(text("INSERT INTO organisations (id) VALUES ('other')"))
    LeadRepository(connection, "other").add_many([lead(budget=1)])
    assert LeadRepository(connection).add_many([lead(budget=2)]) == AddResult(added=1, unchanged=0)
    assert LeadRepository(connection, "other").list() == [lead(budget=1)]
    assert changes(connection) == []


IMPORT_AND_HANG = """
import sys, time
from datetime import datetime, UTC
from leadwise.domain.lead import Lead
from leadwise.store.database import Database, normalised_url
from leadwise.store.leads import LeadRepository

def rows():
    for number in range(5000):
        yield Lead("web", str(number), datetime.now(UTC), datetime.now(UTC))
        if number == int(sys.argv[2]):
            print("half", flush=True)
            time.sleep(60)

with Database(normalised_url(sys.argv[1])) as database, database.transaction() as connection:
    LeadRepository(connection).add_many(rows())
    print("all", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("hang_at", [4000, -1])
def test_a_process_killed_in_the_middle_of_an_import_leaves_nothing(database: Database, hang_at: int):
    url = database.url.render_as_string(hide_password=False)
    process = subprocess.Popen([sys.executable, "-c", IMPORT_AND_HANG, url, str(hang_at)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() in (b"half\n", b"all\n")
    process.send_signal(signal.SIGKILL)
    process.wait()
    with database.transaction() as connection:
        assert LeadRepository(connection).list() == []
        assert LeadRepository(connection).add_many([lead("4000")]).added == 1
