"""Events: what happened to leads. Of two versions of an event, the one that was recorded first counts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, RowMapping, Select, func, select

from leadwise.domain.clock import in_utc
from leadwise.domain.lead import Event
from leadwise.store import bulk, tables
from leadwise.store.cleaning import check_name, json_text
from leadwise.store.lead_records import RecordTable, add_rows, add_table
from leadwise.store.results import AddResult, Rejection
from leadwise.store.statements import list_changes

RECORDS = RecordTable("events", {"kind": "text", "fields": "jsonb"}, {"kind": "kind"})


class EventRepository:
    """The events of one organisation."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add_many(self, events: Iterable[Event]) -> AddResult:
        """Store events; an event is known by its source and external id.

        Of two versions of one, that counts which was recorded first, then the one that occurred first, then the smaller
        content, whichever is delivered first. Events of leads that are not stored are rejected; all others are stored.
        """
        rejected: list[Rejection] = []
        rows = bulk.usable(events, _row, lambda event: (event.source, event.external_id), rejected)
        return add_rows(self._connection, self._organisation, RECORDS, rows, rejected)

    def add_table(self, table: pa.Table) -> AddResult:
        """Store a table of events with the columns of `RECORDS`, as `add_many`; rejections say which row it was."""
        return add_table(self._connection, self._organisation, RECORDS, table)

    def list_visible(self, as_of: datetime, lead: tuple[str, str] | None = None) -> list[Event]:
        """Events that had occurred and were recorded by then, in the order in which they occurred.

        Where a later delivery of a lead said something new of a field, there is an event of kind `field_changed` with
        fields `{"field": ..., "value": ...}`, which occurred and was recorded when that delivery was recorded.

        Args:
            as_of: The instant, with its zone.
            lead: The (source, external_id) of the only lead that matters; None for all.
        """
        instant = in_utc("as_of", as_of)
        found = [event_of(row) for row in self._connection.execute(self._visible(instant, lead)).mappings()]
        changes = [event_of(row) for row in list_changes(self._connection, self._organisation, instant, lead)]
        return sorted([*found, *changes], key=_order_of_happening)

    def _visible(self, instant: datetime, lead: tuple[str, str] | None) -> Select[Any]:
        events, said_of = tables.events.c, tables.leads.alias("said_of")
        leads = tables.leads.c
        query = (
            select(tables.events, leads.source.label("lead_source"), leads.external_id.label("lead_external_id"))
            .join(said_of, said_of.c.id == events.lead_id)
            .join(tables.leads, leads.id == func.coalesce(said_of.c.merged_into, said_of.c.id))
            .where(events.organisation_id == self._organisation)
            .where(events.occurred_at <= instant, events.recorded_at <= instant)
        )
        return query if lead is None else query.where(leads.source == lead[0], leads.external_id == lead[1])


def _row(event: Event) -> bulk.Row:
    return (
        check_name("source", event.source),
        check_name("external_id", event.external_id),
        *(check_name("lead's identifier", part) for part in event.lead),
        event.occurred_at,
        event.recorded_at,
        check_name("kind", event.kind),
        json_text(event.fields),
    )


def event_of(row: RowMapping) -> Event:
    """The event in a row of `events` with `lead_source` and `lead_external_id`."""
    return Event(
        source=row["source"],
        external_id=row["external_id"],
        lead=(row["lead_source"], row["lead_external_id"]),
        kind=row["kind"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        fields=row["fields"],
    )


def _order_of_happening(event: Event) -> tuple[object, ...]:
    return (event.occurred_at, event.recorded_at, event.source, event.external_id)
