import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from tests.registry.stored_models import fitted

from leadwise.domain.clock import now
from leadwise.registry.versions import ModelVersions, NoActiveModelError, NothingBeforeError, NoUsableModelError
from leadwise.store.audit import AuditRepository
from leadwise.store.database import Database
from leadwise.store.errors import ModelNotFoundError, ModelRemovedError

SOLD = "car_sold"


def added(connection: Connection, count: int, target: str = SOLD) -> list[str]:
    versions = ModelVersions(connection, target)
    return [versions.add(fitted(seed)) for seed in range(count)]


def age(connection: Connection, version: str, days: float) -> None:
    """Let a version, and its activations, have been recorded so long ago."""
    for table in ("models", "activations"):
        statement = f"UPDATE {table} SET recorded_at = now() - make_interval(secs => :age) WHERE version = :version"  # noqa: S608
        connection.execute(text(statement), {"age": days * 86_400, "version": version})


def damage(connection: Connection, version: str) -> None:
    connection.execute(text("UPDATE models SET artefact = 'PK broken' WHERE version = :v"), {"v": version})


def test_a_list_says_what_is_active_since_when_and_who_decided(connection: Connection):
    first, second = added(connection, 2)
    versions = ModelVersions(connection, SOLD)
    versions.activate(first, "anna")
    listed = {version.version: version for version in versions.list()}
    assert [listed[first].is_active, listed[second].is_active] == [True, False]
    assert (listed[first].activated_by, listed[second].activated_at) == ("anna", None)
    assert versions.get(first).card == fitted(0).card
    assert versions.get_model(first).card == fitted(0).card
    with pytest.raises(ModelNotFoundError):
        versions.get("v9")


def test_another_target_s_version_is_not_there(connection: Connection):
    (other,) = added(connection, 1, "test_drive")
    versions = ModelVersions(connection, SOLD)
    for ask in (versions.get, versions.get_model, lambda version: versions.activate(version, "anna")):
        with pytest.raises(ModelNotFoundError):
            ask(other)


def test_rolling_back_goes_to_the_version_before_or_to_any(connection: Connection):
    first, second, third = added(connection, 3)
    versions = ModelVersions(connection, SOLD)
    versions.activate(first, "anna")
    with pytest.raises(NothingBeforeError, match="there was none"):
        versions.roll_back("ben")
    versions.activate(second, "anna")
    assert versions.roll_back("ben") == first
    assert versions.roll_back("ben", to=third) == third
    card = versions.find_active_card()
    assert card is not None
    assert card.model_version == third
    done = AuditRepository(connection).list(2)
    assert [(entry.action.value, entry.done_by) for entry in done] == [("roll_back", "ben")] * 2
    assert done[0].details == {"version": third, "before": first}


def test_what_was_in_production_at_an_instant(connection: Connection):
    first, second = added(connection, 2)
    versions = ModelVersions(connection, SOLD)
    versions.activate(first, "anna")
    age(connection, first, 10)
    versions.activate(second, "ben")
    age(connection, second, 3)
    for days, expected in ((11, None), (9.99, first), (3.01, first), (2.99, second), (0, second)):
        found = versions.find_in_production(now() - timedelta(days=days))
        assert (None if found is None else found.version) == expected


def test_a_damaged_model_is_answered_for_by_the_newest_before_it_that_can_be_used(connection: Connection):
    first, second, third = added(connection, 3)
    versions = ModelVersions(connection, SOLD)
    with pytest.raises(NoActiveModelError):
        versions.get_active_or_previous()
    for version in (first, second, first, third):
        versions.activate(version, "anna")
    assert versions.get_active_or_previous().failed == ()
    damage(connection, third)
    connection.execute(text("UPDATE models SET artefact = NULL WHERE version = :v"), {"v": first})
    working = versions.get_active_or_previous()
    assert working.model.card.model_version == second
    assert [(failed.version, failed.code) for failed in working.failed] == [
        (third, "damaged_model_file"),
        (first, "model_removed"),
    ]
    damage(connection, second)
    with pytest.raises(NoUsableModelError, match="cut short or overwritten"):
        versions.get_active_or_previous()


def test_old_files_are_removed_and_their_cards_stay(connection: Connection):
    names = added(connection, 5)
    versions = ModelVersions(connection, SOLD)
    for version, days in zip(names, (50, 40, 30, 20, 10), strict=True):
        versions.activate(version, "anna")
        age(connection, version, days)
    assert sorted(versions.prune(1, 15, "ben")) == sorted(names[:3])
    left = {version.version: version.has_file for version in versions.list()}
    assert left == dict(zip(names, (False, False, False, True, True), strict=True))
    with pytest.raises(ModelRemovedError, match="removed as an old one"):
        versions.activate(names[0], "anna")
    found = versions.find_in_production(now() - timedelta(days=45))
    assert found is not None
    assert versions.get(found.version).card == fitted(0).card
    assert versions.prune(1, 15, "ben") == ()
    versions.add(fitted(0))  # fitted again, it has its file again
    versions.activate(names[0], "anna")


@given(
    activated=st.lists(st.integers(0, 3), max_size=6),
    gaps=st.lists(st.floats(0.1, 10), min_size=6, max_size=6),
    keep=st.integers(0, 4),
    days=st.floats(0, 40),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_removed_was_neither_new_nor_lately_in_production(database: Database, activated, gaps, keep, days):
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM activations"))
        connection.execute(text("DELETE FROM models"))
        names, instant = ["v0", "v1", "v2", "v3"], now()
        for place, name in enumerate(names):
            connection.execute(
                text(
                    "INSERT INTO models (organisation_id, version, target, task, card, artefact, recorded_at)"
                    " VALUES ('default', :version, :target, 'conversion', '{}', 'x', :at)"
                ),
                {"version": name, "target": SOLD, "at": instant - timedelta(days=100 - place)},
            )
        at = instant - timedelta(days=sum(gaps[: len(activated)]))
        scored: list[tuple[datetime, str]] = []
        for which, gap in zip(activated, gaps, strict=False):
            connection.execute(
                text(
                    "INSERT INTO activations (organisation_id, target, version, activated_by, recorded_at)"
                    " VALUES ('default', :target, :version, 'anna', :at)"
                ),
                {"target": SOLD, "version": names[which], "at": at},
            )
            scored.append((at, names[which]))
            at += timedelta(days=gap)
        removed = set(ModelVersions(connection, SOLD).prune(keep, days, "ben"))
    since = instant - timedelta(days=days)
    ends = [*(began for began, _ in scored[1:]), instant]
    lately = {version for (_, version), end in zip(scored, ends, strict=False) if end > since}
    in_order = list(dict.fromkeys(version for _, version in reversed(scored)))
    needed = {*names[len(names) - keep :], *lately, *in_order[:2]}
    assert removed & needed == set()
    assert removed | needed == set(names)


def test_a_version_that_is_being_activated_is_not_removed(database: Database):
    with database.transaction() as connection:
        names = added(connection, 3)
        versions = ModelVersions(connection, SOLD)
        for version in names[1:]:
            versions.activate(version, "anna")
        for version in names:
            age(connection, version, 100)
    removed: list[tuple[str, ...]] = []

    def prune() -> None:
        with database.transaction() as connection:
            removed.append(ModelVersions(connection, SOLD).prune(0, 0, "ben"))

    thread = threading.Thread(target=prune)
    with database.transaction() as connection:
        ModelVersions(connection, SOLD).activate(names[0], "anna")
        thread.start()
        time.sleep(0.5)
        assert removed == []  # it waits
    thread.join()
    assert removed == [(names[1],)]


def test_the_service_may_do_all_of_it_for_its_organisation(database: Database):
    with database.transaction("default") as connection:
        first, second = added(connection, 2)
        versions = ModelVersions(connection, SOLD)
        versions.activate(first, "key-1")
        versions.activate(second, "key-1")
        assert versions.roll_back("key-1") == first
        assert versions.prune(0, 0, "key-1") == ()
        assert versions.find_in_production(datetime(2020, 1, 1, tzinfo=UTC)) is None
