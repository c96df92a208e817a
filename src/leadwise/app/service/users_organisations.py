"""In which organisation a request's models are."""

import asyncio
import time
from collections import OrderedDict

from leadwise.store.database import Database
from leadwise.store.organisations import OrganisationRepository
from leadwise.web.api.prediction_asks import Owner

REMEMBERED = 1_000
ASKED_AGAIN_SECONDS = 10.0


class OwnersOrganisations:
    """The organisation of a key; without keys, the one called like the user, or else the caller's.

    Args:
        database: Knows which organisations there are; it is asked once in a while.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[str, tuple[bool, float]] = OrderedDict()

    async def get(self, owner: Owner) -> str:
        """The organisation.

        Raises:
            Unavailable: if the database is away and was not asked lately.
        """
        caller, name = owner.caller, owner.user_id
        if caller.key:
            return caller.organisation
        there, asked_at = self._known.get(name, (False, -ASKED_AGAIN_SECONDS))
        if time.monotonic() - asked_at >= ASKED_AGAIN_SECONDS:
            there = await asyncio.to_thread(self._is_there, name)
            self._known[name] = there, time.monotonic()
            self._known.move_to_end(name)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return name if there else caller.organisation

    def _is_there(self, name: str) -> bool:
        with self._database.transaction() as connection:
            return OrganisationRepository(connection).find(name) is not None
