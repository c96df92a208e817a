"""Events: what happened to leads, among it every changed field."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, text

from leadwise.domain.clock import in_utc
from leadwise.domain.lead import Event
from leadwise.store import bulk, tables
from leadwise.store.cleaning import check_name, json_text
from leadwise.store.results import AddResult, Rejection

_COLUMNS = {
    "source": "text",
    "external_id": "text",
    "lead_source": "text",
    "lead_external_id": "text",
    "kind": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "fields": "jsonb",
}

_ADD = """
INSERT INTO events (organisation_id, lead_id, source, external_id, kind, occurred_at, recorded_at, fields)
SELECT DISTINCT ON (source, external_id) :organisation, leads.id, incoming.source, incoming.external_id,
    kind, incoming.occurred_at, incoming.recorded_at, incoming.fields
FROM incoming
JOIN leads ON (leads.organisation_id, leads.source, leads.external_id) = (:organisation, lead_source, lead_external_id)
ORDER BY source, external_id, recorded_at, position
ON CONFLICT DO NOTHING
"""


class EventRepository:
    """The events of one organisation."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add_many(self, events: Iterable[Event]) -> AddResult:
        """Store events. One that is there already, by source and external id, stays as it is; the first word counts.

        Events of leads that are not stored are rejected; all others are stored.
        """
        rejected: list[Rejection] = []
        rows = bulk.usable(events, _row, lambda event: (event.source, event.external_id), rejected)
        with bulk.incoming(self._connection, _COLUMNS, rows) as count:
            unknown = bulk.reject_unknown_leads(self._connection, self._organisation)
            added = self._connection.execute(text(_ADD), {"organisation": self._organisation}).rowcount
        return AddResult(added, count - len(unknown) - added, rejected=(*rejected, *unknown))

    def list_visible(self, as_of: datetime, lead: tuple[str, str] | None = None) -> list[Event]:
        """Events that had occurred and were recorded by then, in the order in which they occurred.

        Args:
            as_of: The instant, with its zone.
            lead: The (source, external_id) of the only lead that matters; None for all.
        """
        instant = in_utc("as_of", as_of)
        events, leads = tables.events.c, tables.leads.c
        query = (
            select(tables.events, leads.source.label("lead_source"), leads.external_id.label("lead_external_id"))
            .join(tables.leads, leads.id == events.lead_id)
            .where(events.organisation_id == self._organisation)
            .where(events.occurred_at <= instant, events.recorded_at <= instant)
            .order_by(events.occurred_at, events.recorded_at, events.id)
        )
        if lead is not None:
            query = query.where(leads.source == lead[0], leads.external_id == lead[1])
        return [_event_of(row) for row in self._connection.execute(query).mappings()]


def _row(event: Event) -> bulk.Row:
    return (
        check_name("source", event.source),
        check_name("external_id", event.external_id),
        *(check_name("lead's identifier", part) for part in event.lead),
        check_name("kind", event.kind),
        event.occurred_at,
        event.recorded_at,
        json_text(event.fields),
    )


def _event_of(row: RowMapping) -> Event:
    return Event(
        source=row["source"],
        external_id=row["external_id"],
        lead=(row["lead_source"], row["lead_external_id"]),
        kind=row["kind"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        fields=row["fields"],
    )
