"""Answers to requests with an Idempotency-Key, kept in the database."""

from leadwise.domain.idempotency import KeptAnswer, Reservation
from leadwise.store.database import Database
from leadwise.store.idempotency import IdempotencyRepository


class StoredAnswers:
    """Each step is a transaction of its own, so that all processes see it at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, organisation: str, key: str, request: bytes) -> Reservation:
        """Take a key for a request."""
        with self._database.transaction(organisation) as connection:
            return IdempotencyRepository(connection, organisation).reserve(key, request)

    def keep(self, organisation: str, key: str, answer: KeptAnswer) -> None:
        """Keep what was answered."""
        with self._database.transaction(organisation) as connection:
            IdempotencyRepository(connection, organisation).keep(key, answer)

    def give_back(self, organisation: str, key: str) -> None:
        """Forget that the key was taken."""
        with self._database.transaction(organisation) as connection:
            IdempotencyRepository(connection, organisation).give_back(key)
