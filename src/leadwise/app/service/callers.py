"""Who has which key, remembered so that requests need not wait for the database."""

import asyncio
import logging
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from leadwise.domain.access import Caller
from leadwise.domain.clock import now
from leadwise.domain.errors import LeadwiseError
from leadwise.store.api_keys import StoredKey, find_key, note_use
from leadwise.store.database import Database

if TYPE_CHECKING:
    from datetime import datetime

MOST_REMEMBERED = 10_000


class KnownCallers:
    """Callers by key. `forget` is called when any key changed, `note_uses` from time to time.

    Args:
        database: Where keys are.
        open_to_all: Whether callers without a key are let in.
    """

    def __init__(self, database: Database, *, open_to_all: bool) -> None:
        self.open = open_to_all
        self._database = database
        self._known: OrderedDict[str, tuple[Caller, datetime | None]] = OrderedDict()
        self._used: dict[str, datetime] = {}
        self._changing = threading.Lock()
        self._forgotten = 0
        """How often; what was read before the last time may not hold any more."""

    def find_known(self, key: str) -> Caller | None:
        """Who has this key, if that was asked lately."""
        found = self._known.get(key)
        if found is None:
            return None
        caller, expires_at = found
        at = now()
        if expires_at is not None and at >= expires_at:
            self._known.pop(key, None)
            return None
        self._used[caller.key] = at
        return caller

    async def find(self, key: str) -> Caller | None:
        """Who has this key; None if nobody does, or it opens nothing any more."""
        forgotten = self._forgotten
        found = await asyncio.to_thread(self._read, key)
        if found is None or not found.opens(now()):
            return None
        caller = Caller(found.organisation, found.roles, found.id, f"{found.name} (key {found.id})")
        with self._changing:
            if forgotten == self._forgotten:
                self._known[key] = caller, found.expires_at
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        self._used[caller.key] = now()
        return caller

    def _read(self, key: str) -> StoredKey | None:
        with self._database.transaction() as connection:
            return find_key(connection, key)

    def forget(self) -> None:
        """Ask the database again about every key."""
        with self._changing:
            self._known.clear()
            self._forgotten += 1

    def note_uses(self) -> None:
        """Write down which keys were used since this was called last."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            with self._database.transaction() as connection:
                note_use(connection, used)
        except LeadwiseError as error:
            logging.getLogger(__name__).warning("The use of keys could not be noted: %s", error)
