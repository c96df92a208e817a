from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from leadwise.domain.access import Role
from leadwise.store.api_keys import ApiKeyRepository, KeyNotFoundError, find_key, note_use
from leadwise.store.organisations import OrganisationRepository

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_key_is_found_by_its_text_and_by_nothing_else(connection: Connection):
    key, given = ApiKeyRepository(connection, "default").add("crm", [Role.READ, Role.SCORE], "anna")
    assert find_key(connection, given) == key
    assert key.roles == {Role.READ, Role.SCORE}
    wrong = (
        given[:-1],
        given + "a",
        given.replace("lw_", "xx_"),
        key.id,
        f"lw_{key.id}_",
        "lw__",
        "",
        "lw_%_x",
        "é" * 9,
    )
    assert [find_key(connection, text) for text in wrong] == [None] * len(wrong)


def test_the_secret_is_not_in_the_database(connection: Connection):
    _, given = ApiKeyRepository(connection, "default").add("crm", [Role.READ], "anna")
    row = connection.execute(text("SELECT api_keys::text FROM api_keys")).scalar_one()
    assert given.split("_", 2)[2] not in row
    assert len(given.split("_", 2)[2]) >= 43


def test_a_revoked_key_opens_nothing_and_stays_on_record(connection: Connection):
    keys = ApiKeyRepository(connection, "default")
    key, given = keys.add("crm", [Role.READ], "anna")
    before = key.opens(NOW)
    first = keys.revoke(key.id)
    assert keys.revoke(key.id) == first
    found = find_key(connection, given)
    assert (before, found is not None and found.opens(NOW), [each.id for each in keys.list()]) == (
        True,
        False,
        [key.id],
    )


def test_a_change_of_a_key_raises_its_revision(connection: Connection):
    keys = ApiKeyRepository(connection, "default")
    key, _ = keys.add("crm", [Role.READ], "anna")
    before = connection.scalar(text("SELECT sum(revision) FROM api_keys"))
    note_use(connection, {key.id: NOW})
    assert connection.scalar(text("SELECT sum(revision) FROM api_keys")) == before
    keys.revoke(key.id)
    assert connection.scalar(text("SELECT sum(revision) FROM api_keys")) > before


def test_a_rotated_key_opens_until_its_clients_have_changed_over(connection: Connection):
    keys = ApiKeyRepository(connection, "default")
    old, _ = keys.add("crm", [Role.TRAIN], "anna")
    new, given = keys.rotate(old.id, "ben", NOW + timedelta(days=1))
    assert (new.name, new.roles, new.created_by) == ("crm", {Role.TRAIN}, "ben")
    assert find_key(connection, given) == new
    assert [keys.get(old.id).opens(NOW + timedelta(days=day)) for day in (0, 1)] == [True, False]


def test_last_use_never_goes_back(connection: Connection):
    keys = ApiKeyRepository(connection, "default")
    key, _ = keys.add("crm", [Role.READ], "anna")
    for at in (NOW, NOW - timedelta(hours=1)):
        note_use(connection, {key.id: at})
    assert keys.get(key.id).last_used_at == NOW


def test_another_organisations_key_is_not_there(connection: Connection):
    OrganisationRepository(connection).ensure("other")
    key, _ = ApiKeyRepository(connection, "other").add("crm", [Role.READ], "anna")
    mine = ApiKeyRepository(connection, "default")
    with pytest.raises(KeyNotFoundError):
        mine.get(key.id)
    with pytest.raises(KeyNotFoundError):
        mine.revoke(key.id)
    assert mine.list() == []
