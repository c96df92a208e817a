"""Leads: what was known of each on arrival. What changed later is stored as events."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, text

from leadwise.domain.lead import Lead
from leadwise.store import bulk, tables
from leadwise.store.cleaning import check_name, json_text
from leadwise.store.errors import LeadNotFoundError
from leadwise.store.field_changes import add_field_changes
from leadwise.store.results import AddResult, Rejection

_COLUMNS = {
    "source": "text",
    "external_id": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "fields": "jsonb",
}

# In the order of the unique key, so that two imports at once wait for each other and never both for ever.
_ADD = """
INSERT INTO leads (organisation_id, source, external_id, occurred_at, recorded_at, fields)
SELECT DISTINCT ON (source, external_id) :organisation, source, external_id, occurred_at, recorded_at, fields
FROM incoming
ORDER BY source, external_id, recorded_at, position
ON CONFLICT DO NOTHING
"""


class LeadRepository:
    """The leads of one organisation."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add_many(self, leads: Iterable[Lead]) -> AddResult:
        """Store leads; of those that are there already, store what changed.

        A lead is there if one with its source and external id is. Its row stays as it was on arrival; each field that
        now has another value becomes an event of kind `field_changed` with fields `{"field": ..., "value": ...}`,
        which occurred and was recorded when the lead was recorded now. A field that the lead lacks now is no change.
        Nothing recorded before the last known change counts as news. Rows of one call may come in any order: what
        they say is taken in the order of `recorded_at`, then as given.
        """
        rejected: list[Rejection] = []
        rows = bulk.usable(leads, _row, lambda lead: (lead.source, lead.external_id), rejected)
        with bulk.incoming(self._connection, _COLUMNS, rows) as count:
            added = self._connection.execute(text(_ADD), {"organisation": self._organisation}).rowcount
            changed = add_field_changes(self._connection, self._organisation)
        return AddResult(added, count - added - changed, changed, tuple(rejected))

    def get(self, source: str, external_id: str) -> Lead:
        """The lead as it was on arrival.

        Raises:
            LeadNotFoundError: if there is none.
        """
        lead = self.find(source, external_id)
        if lead is None:
            raise LeadNotFoundError(source, external_id)
        return lead

    def find(self, source: str, external_id: str) -> Lead | None:
        """The lead as it was on arrival, or None if there is none."""
        query = self._all().where(tables.leads.c.source == source, tables.leads.c.external_id == external_id)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else _lead_of(row)

    def list(self, limit: int | None = None, offset: int = 0) -> list[Lead]:
        """Leads as they were on arrival, in the order in which they were stored; all if `limit` is None."""
        query = self._all().order_by(tables.leads.c.id).limit(limit).offset(offset)
        return [_lead_of(row) for row in self._connection.execute(query).mappings()]

    def _all(self) -> Select[Any]:
        return select(tables.leads).where(tables.leads.c.organisation_id == self._organisation)


def _row(lead: Lead) -> bulk.Row:
    return (
        check_name("source", lead.source),
        check_name("external_id", lead.external_id),
        lead.occurred_at,
        lead.recorded_at,
        json_text(lead.fields),
    )


def _lead_of(row: RowMapping) -> Lead:
    return Lead(row["source"], row["external_id"], row["occurred_at"], row["recorded_at"], row["fields"])
