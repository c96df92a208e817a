"""Organisations: whose leads, models and scores they are."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from leadwise.store import tables
from leadwise.store.cleaning import cleaned_text
from leadwise.store.errors import OrganisationNotFoundError

LOCKS = 1_701_733_999
"""The number of our advisory locks of organisations; any that nobody else uses would do."""


class OrganisationRepository:
    """All organisations of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, name: str) -> datetime | None:
        """When the organisation was recorded; None if there is none of that name."""
        if cleaned_text(name) != name:  # nothing in the database can be called so
            return None
        organisations = tables.organisations.c
        return self._connection.scalar(select(organisations.recorded_at).where(organisations.id == name))

    def list_with(self, entity: str) -> list[str]:
        """The names of those that have leads of an entity, sorted."""
        leads = tables.leads.c
        query = select(leads.organisation_id).where(leads.entity == entity).distinct()
        return sorted(self._connection.scalars(query))

    def list_labels(self) -> dict[str, str]:
        """What each organisation is called where nobody may read its name: the same always, guessed by nobody."""
        organisations = tables.organisations.c
        rows = self._connection.execute(select(organisations.id, organisations.erasure_salt))
        return {name: hashlib.sha256(salt.bytes + name.encode()).hexdigest()[:12] for name, salt in rows}

    def ensure(self, name: str) -> None:
        """Make the organisation, unless there is one of that name."""
        self._connection.execute(insert(tables.organisations).values(id=name).on_conflict_do_nothing())

    def check(self, name: str) -> None:
        """See that there is an organisation of that name.

        Raises:
            OrganisationNotFoundError: if there is none.
        """
        if self.find(name) is None:
            raise self._unknown(name)

    def hold(self, name: str) -> None:
        """Let nobody else store or erase anything of the organisation until the transaction ends; reading goes on.

        Whoever stores or erases comes here first, or to `share`. So each sees all that the one before did, and none
        waits for another that waits for it. Whoever shares it cannot hold it before that is over: two would wait for
        each other.

        Raises:
            OrganisationNotFoundError: if there is none of that name.
        """
        self._lock("pg_advisory_xact_lock", name)

    def share(self, name: str) -> None:
        """Let nobody hold the organisation until the transaction ends, or the savepoint is taken back.

        Several may share it at once: who stores nothing but new records, which change nothing that others see or store.
        Whoever waits to hold it comes before those who ask later to share it.

        Raises:
            OrganisationNotFoundError: if there is none of that name.
        """
        self._lock("pg_advisory_xact_lock_shared", name)

    def _lock(self, function: str, name: str) -> None:
        self.check(name)
        # A lock of its own: whoever asks to share a locked row goes before those who wait to have it alone.
        self._connection.execute(text(f"SELECT {function}({LOCKS}, hashtext(:name))"), {"name": name})

    def _unknown(self, name: str) -> OrganisationNotFoundError:
        names = self._connection.scalars(select(tables.organisations.c.id).order_by(tables.organisations.c.id))
        return OrganisationNotFoundError(name, names.all())

    def begin_anew(self, name: str, recorded_at: datetime) -> None:
        """An organisation of that name in which nothing is stored, whatever was there before.

        Everything of it is deleted: leads with their events, outcomes and scores, and models. Of two calls at once, the
        second waits for the first one's transaction.
        """
        row = insert(tables.organisations).values(id=name, recorded_at=recorded_at)
        renewed = row.on_conflict_do_update(index_elements=["id"], set_={"recorded_at": recorded_at})
        self._connection.execute(renewed)
        self.hold(name)
        for table in (tables.activations, tables.models, tables.scores, tables.leads):  # the rest goes with the leads
            self._connection.execute(delete(table).where(table.c.organisation_id == name))
