"""What was answered to requests with an Idempotency-Key, so that a repeated one is answered alike and done once."""

import hashlib
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from leadwise.domain.idempotency import KeptAnswer, Reservation
from leadwise.store import tables

KEPT = timedelta(hours=24)
ABANDONED = timedelta(minutes=5)
"""Who has not answered after this time was killed: the request may be made again."""


class IdempotencyRepository:
    """The keys and answers of one organisation."""

    def __init__(self, connection: Connection, organisation: str) -> None:
        self._connection = connection
        self._organisation = organisation

    def reserve(self, key: str, request: bytes) -> Reservation:
        """Take a key for a request; of several at once, one gets it. What is older than `KEPT` is forgotten.

        Args:
            key: As the client chose it.
            request: All that makes it this request; a hash of it is kept.
        """
        self._forget_old()
        request_hash = hashlib.sha256(request).digest()
        row = {"organisation_id": self._organisation, "key": key, "request_hash": request_hash}
        query = insert(tables.idempotency).values(row).on_conflict_do_nothing()
        if self._connection.scalar(query.returning(tables.idempotency.c.key)) is not None:
            return Reservation(is_new=True)
        found = self._connection.execute(select(tables.idempotency).where(*self._is(key))).one_or_none()
        if found is None:  # given back in this very moment
            return Reservation(is_new=False)
        if found.request_hash != request_hash:
            return Reservation(is_new=False, is_same=False)
        if found.status is None:
            return Reservation(is_new=False)
        return Reservation(is_new=False, answer=KeptAnswer(found.status, found.headers, bytes(found.body)))

    def keep(self, key: str, answer: KeptAnswer) -> None:
        """Keep what was answered."""
        values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
        self._connection.execute(update(tables.idempotency).where(*self._is(key)).values(values))

    def give_back(self, key: str) -> None:
        """Forget that the key was taken: nothing was done."""
        self._connection.execute(delete(tables.idempotency).where(*self._is(key)))

    def forget_answers(self) -> None:
        """Forget all answers: they may name somebody who is erased."""
        mine = tables.idempotency.c.organisation_id == self._organisation
        self._connection.execute(delete(tables.idempotency).where(mine, tables.idempotency.c.status.is_not(None)))

    def _forget_old(self) -> None:
        rows = tables.idempotency.c
        age = func.clock_timestamp() - rows.recorded_at
        abandoned = rows.status.is_(None) & (age > text(f"interval '{int(ABANDONED.total_seconds())} seconds'"))
        old = age > text(f"interval '{int(KEPT.total_seconds())} seconds'")
        mine = rows.organisation_id == self._organisation
        self._connection.execute(delete(tables.idempotency).where(mine, old | abandoned))

    def _is(self, key: str) -> tuple[ColumnElement[bool], ...]:
        rows = tables.idempotency.c
        return rows.organisation_id == self._organisation, rows.key == key
