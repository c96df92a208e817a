"""Several transactions store new records of one organisation at once; whoever erases or changes any has it alone."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Connection, text

from leadwise.domain.lead import Lead
from leadwise.store.database import Database
from leadwise.store.erasures import erase_lead
from leadwise.store.errors import RowsBusyError
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.results import AddResult

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
SOON = 0.3
"""Seconds in which whatever does not wait would be over."""


def table(numbers: range, kind: str = "visit", lead: str = "1") -> pa.Table:
    count = len(numbers)
    return pa.table(
        {
            "source": ["web"] * count,
            "external_id": [f"{number:05}" for number in numbers],
            "lead_source": ["web"] * count,
            "lead_external_id": [lead] * count,
            "kind": [kind] * count,
            "occurred_at": [MONDAY + timedelta(days=number) for number in numbers],
            "recorded_at": [MONDAY + timedelta(days=number) for number in numbers],
            "fields": ['{"field": "city", "value": "Oslo"}'] * count,
        }
    )


@pytest.fixture
def leads(database: Database) -> None:
    with database.transaction() as connection:
        LeadRepository(connection).add_many([Lead("web", name, MONDAY, MONDAY) for name in ("1", "2")])


@contextmanager
def impatient(database: Database) -> Iterator[Connection]:
    """A transaction that waits for nobody."""
    with database.transaction() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '300ms'"))
        yield connection


def add(database: Database, rows: pa.Table) -> AddResult:
    with impatient(database) as connection:
        return EventRepository(connection).add_table(rows)


def count(database: Database) -> int:
    with database.transaction() as connection:
        return int(connection.execute(text("SELECT count(*) FROM events")).scalar_one())


@pytest.mark.usefixtures("leads")
def test_new_records_come_in_beside_each_other(database: Database):
    with database.transaction() as first:
        assert EventRepository(first).add_table(table(range(10))).added == 10
        assert add(database, table(range(10, 20))).added == 10
    assert count(database) == 20


@pytest.mark.usefixtures("leads")
def test_nothing_is_erased_while_new_records_come_in(database: Database):
    with database.transaction() as first:
        EventRepository(first).add_table(table(range(10), lead="2"))
        with pytest.raises(RowsBusyError), impatient(database) as second:
            erase_lead(second, "default", ("web", "1"), "operator", MONDAY)
    with database.transaction() as connection:
        erase_lead(connection, "default", ("web", "2"), "operator", MONDAY)
    assert count(database) == 0
    assert [each.reason for each in add(database, table(range(10), lead="2")).rejected][:1] == [
        'There is no lead "2" from "web".'
    ]


@pytest.mark.usefixtures("leads")
def test_whoever_waits_to_have_an_organisation_alone_comes_before_those_who_share_it_later(database: Database):
    with ThreadPoolExecutor() as pool, database.transaction() as first:
        EventRepository(first).add_table(table(range(10)))
        erasing = in_background(pool, database, lambda it: erase_lead(it, "default", ("web", "2"), "me", MONDAY))
        with pytest.raises(NotYetError):
            erasing.result(SOON)
        with pytest.raises(RowsBusyError):
            add(database, table(range(10, 20)))
        first.commit()
        assert len(erasing.result()) == 1
        assert add(database, table(range(10, 20))).added == 10


@pytest.mark.usefixtures("leads")
@pytest.mark.parametrize("kind", ["visit", "field_changed"])
def test_the_same_new_records_at_once_are_stored_once(database: Database, kind: str):
    """Each begins with what the other one ends with, and so do the days that changed fields are noted by."""
    halves, meet = (range(2_000), range(1_999, -1, -1)), threading.Barrier(2)

    def store(half: range) -> AddResult:
        with database.transaction() as connection:
            meet.wait()
            return EventRepository(connection).add_table(table(half, kind))

    with ThreadPoolExecutor() as pool:
        told = list(pool.map(store, halves))
    assert sorted((each.added, each.unchanged) for each in told) == [(0, 2_000), (2_000, 0)]
    assert count(database) == 2_000


@pytest.mark.usefixtures("leads")
def test_what_could_not_be_copied_is_sorted_in_once_nobody_else_is_at_it(database: Database):
    with ThreadPoolExecutor() as pool, database.transaction() as first:
        EventRepository(first).add_table(table(range(1_000, 2_000)))
        # Not in what the others have stored so far, so that only the key tells.
        other = in_background(pool, database, lambda it: EventRepository(it).add_table(table(range(1_001))))
        with pytest.raises(NotYetError):
            other.result(SOON)
        first.commit()
        assert other.result() == AddResult(added=1_000, unchanged=1)


def test_an_organisation_that_is_not_there_cannot_be_shared(connection: Connection):
    with pytest.raises(Exception, match="nobody"):
        OrganisationRepository(connection).share("nobody")


def in_background(pool: ThreadPoolExecutor, database: Database, work: Any) -> Future[Any]:
    def run() -> Any:
        with database.transaction() as connection:
            return work(connection)

    return pool.submit(run)
