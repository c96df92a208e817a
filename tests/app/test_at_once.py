"""Imports, scores and erasures of one organisation at the same time."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, text

from leadwise.app.forgetting import forget
from leadwise.domain.lead import Event, Lead
from leadwise.domain.score import Score
from leadwise.store import tables
from leadwise.store.database import Database
from leadwise.store.errors import LeadNotFoundError, OrganisationNotFoundError
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.results import AddResult
from leadwise.store.scores import ScoreRepository

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
NAMES = [str(number) for number in range(40)]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def lead(name: str) -> Lead:
    return Lead("web", name, MONDAY, MONDAY)


def add_leads(database: Database, names: Sequence[str]) -> AddResult:
    with database.transaction() as connection:
        return LeadRepository(connection).add_many(lead(name) for name in names)


def add_events(database: Database, names: Sequence[str]) -> AddResult:
    with database.transaction() as connection:
        return EventRepository(connection).add_many(
            Event("web", f"of {name}", ("web", name), "visit", MONDAY, MONDAY) for name in names
        )


def add_scores(database: Database, names: Sequence[str]) -> AddResult:
    scores = [Score(("web", name), "sold", MONDAY, MONDAY, "v", 0.5, None, "A", "Call", 0.0, ()) for name in names]
    with database.transaction() as connection:
        return ScoreRepository(connection).add_many(scores)


def count(database: Database, table: Any) -> int:
    with database.transaction() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def wait_until_somebody_waits(database: Database) -> None:
    while True:
        with database.transaction() as connection:
            if connection.scalar(text(WAITING)):
                return


@pytest.mark.parametrize("add", [add_leads, add_events, add_scores])
def test_what_is_delivered_while_a_person_is_erased_does_not_bring_anything_back(
    database: Database, add: Callable[[Database, Sequence[str]], AddResult]
):
    add_leads(database, ["1", "2"])
    delivered: list[Future[AddResult]] = []
    with ThreadPoolExecutor() as pool:

        def deliver(*_: object) -> dict[str, int]:
            delivered.append(pool.submit(add, database, ["1", "2"]))
            wait_until_somebody_waits(database)
            return {}

        forget(database, "default", [("web", "1")], "anna", also=[deliver])
    (rejection,) = delivered[0].result().rejected
    assert rejection.external_id.endswith("1")
    assert count(database, tables.leads) == 1


def test_what_was_at_work_when_a_person_is_erased_is_erased_too(database: Database):
    with ThreadPoolExecutor() as pool:
        with database.transaction() as connection:
            LeadRepository(connection).add_many([lead("1"), lead("2")])
            EventRepository(connection).add_many([Event("web", "e", ("web", "1"), "visit", MONDAY, MONDAY)])
            erased = pool.submit(forget, database, "default", [("web", "1")], "anna")
            wait_until_somebody_waits(database)
        (receipt,) = erased.result()
    assert (receipt.counts["leads"], receipt.counts["events"]) == (1, 1)
    assert count(database, tables.leads) == 1


def test_whatever_is_stored_and_erased_at_once_in_whatever_order_never_waits_for_ever(database: Database):
    add_leads(database, NAMES)
    backwards = NAMES[::-1]
    start = threading.Barrier(6)

    def work(task: Callable[..., Any], names: Sequence[str]) -> Any:
        start.wait()
        return [task(database, names) for _ in range(3)]

    def erase(database: Database, names: Sequence[str]) -> Any:
        return forget(database, "default", [("web", name) for name in names[:20]], "anna")

    tasks = [(erase, NAMES[:20]), (erase, NAMES[:20][::-1])]
    tasks += [(add_scores, backwards), (add_events, backwards), (add_events, NAMES), (add_leads, backwards)]
    with ThreadPoolExecutor(len(tasks)) as pool:
        done = [pool.submit(work, *task) for task in tasks]
    receipts = [[receipt.identifier_hashes for receipt in each.result()[0]] for each in done[:2]]
    assert sorted(receipts[0]) == sorted(receipts[1])
    assert all(not each.exception() for each in done)
    assert count(database, tables.erasures) == count(database, tables.leads) == 20


def test_an_organisation_that_is_not_there_is_missing_and_near_names_are_offered(database: Database):
    with database.transaction() as connection:
        for name in ("acme", "Zürich & Söhne"):
            OrganisationRepository(connection).ensure(name)
    with pytest.raises(OrganisationNotFoundError, match=r'no organisation "Acmee"; did you mean "acme"\? .*--create-o'):
        forget(database, "Acmee", [("web", "1")], "anna")
    with pytest.raises(OrganisationNotFoundError, match=r'no organisation "x y"\. A new one .* \'x y\' --create'):
        forget(database, "x y", [("web", "1")], "anna")
    for add in (LeadRepository, EventRepository, ScoreRepository):
        with pytest.raises(OrganisationNotFoundError), database.transaction() as connection:
            add(connection, "zürich & sohne").add_many([])
    with pytest.raises(LeadNotFoundError):
        forget(database, "acme", [("web", "1")], "anna")
