"""The audit: who did what, appended and never changed; the database itself refuses to change a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select

from leadwise.store import tables


class AuditAction(StrEnum):
    """What is worth knowing who did it."""

    TRAIN = "train"
    ACTIVATE = "activate"
    ROLL_BACK = "roll_back"
    PRUNE = "prune"
    EXPORT = "export"
    ERASE = "erase"
    ADD_KEY = "add_key"
    ROTATE_KEY = "rotate_key"
    REVOKE_KEY = "revoke_key"


@dataclass(frozen=True)
class AuditEntry:
    """One thing that was done.

    Args:
        id: Later entries have higher ones.
        recorded_at: When.
        done_by: By whom: a key's id, or the operating system's user.
        action: What.
        subject: To what: a target, a model's version, a key's id, a receipt of an erasure. Never a person.
        details: More of it, as JSON.
    """

    id: int
    recorded_at: datetime
    done_by: str
    action: AuditAction
    subject: str
    details: Mapping[str, Any]


class AuditRepository:
    """The audit of one organisation."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add(self, action: AuditAction, subject: str, done_by: str, details: Mapping[str, Any] | None = None) -> None:
        """Put on record what was done; within the transaction that does it, so that neither is without the other."""
        row = {"done_by": done_by, "action": action.value, "subject": subject, "details": dict(details or {})}
        self._connection.execute(insert(tables.audit).values(organisation_id=self._organisation, **row))

    def list(self, limit: int, after: int | None = None, *, action: AuditAction | None = None) -> list[AuditEntry]:
        """Entries, the newest first.

        Args:
            limit: How many at most.
            after: The id of the last one that was seen; None: from the newest on.
            action: Only these; None: all.
        """
        audit = tables.audit.c
        query = select(tables.audit).where(audit.organisation_id == self._organisation).order_by(audit.id.desc())
        if after is not None:
            query = query.where(audit.id < after)
        if action is not None:
            query = query.where(audit.action == action.value)
        return [
            AuditEntry(
                row["id"],
                row["recorded_at"],
                row["done_by"],
                AuditAction(row["action"]),
                row["subject"],
                row["details"],
            )
            for row in self._connection.execute(query.limit(limit)).mappings()
        ]
