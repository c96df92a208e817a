"""Who has which key, as a web process remembers it."""

import asyncio

from tests.app.serving import add_key

from leadwise.app.service.callers import KnownCallers
from leadwise.domain.access import Role
from leadwise.store.api_keys import ApiKeyRepository, StoredKey
from leadwise.store.database import Database


class SlowCallers(KnownCallers):
    """Callers of which something changes each time after the database was asked, before that is remembered."""

    def _read(self, key: str) -> StoredKey | None:
        found = super()._read(key)
        self.forget()
        return found


def test_a_key_is_remembered(database: Database):
    key = add_key(database, Role.SCORE)
    callers = KnownCallers(database, open_to_all=False)
    assert callers.find_known(key) is None
    found = asyncio.run(callers.find(key))
    assert found is not None
    assert callers.find_known(key) == found


def test_what_was_read_before_keys_changed_is_not_remembered(database: Database):
    key = add_key(database, Role.SCORE)
    callers = SlowCallers(database, open_to_all=False)
    assert asyncio.run(callers.find(key)) is not None
    assert callers.find_known(key) is None
    with database.transaction() as connection:
        ApiKeyRepository(connection, "default").revoke(key.split("_")[1])
    assert asyncio.run(callers.find(key)) is None
