"""Leads, events and outcomes of the native API, in the store."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import pyarrow as pa

from leadwise.domain.clock import now
from leadwise.domain.errors import Conflict
from leadwise.domain.lead import Event
from leadwise.store.cleaning import UnusableValueError, json_text
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.listing import ListedLead, ListedOutcome, Listing, OfLead
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.results import AddResult
from leadwise.web.api.v2.paging import Listed, Place
from leadwise.web.api.v2.shapes.records import (
    BatchAnswer,
    EventAnswer,
    EventRecord,
    LeadAnswer,
    LeadRecord,
    OutcomeAnswer,
    OutcomeRecord,
    RecordResult,
)
from leadwise.web.api.v2.shapes.words import LeadName

Record = TypeVar("Record", LeadRecord, EventRecord, OutcomeRecord)
_TEXT: pa.DataType = pa.string()
_STAMP: pa.DataType = pa.timestamp("us", tz="UTC")
_KNOWN = [("source", _TEXT), ("external_id", _TEXT), ("occurred_at", _STAMP), ("recorded_at", _STAMP)]
_OF_LEAD = [("lead_source", _TEXT), ("lead_external_id", _TEXT)]
LEADS = pa.schema([*_KNOWN, ("entity", _TEXT), ("fields", _TEXT)])
MERGED_LEADS = pa.schema([*LEADS, pa.field("merged_into", _TEXT)])
EVENTS = pa.schema([*_KNOWN, *_OF_LEAD, ("kind", _TEXT), ("fields", _TEXT)])
OUTCOMES = pa.schema([*_KNOWN, *_OF_LEAD, ("target", _TEXT), ("won", pa.bool_()), ("value", pa.float64())])


class LeadNotStoredError(Conflict):
    """The lead cannot be stored as it is."""

    code = "lead_not_stored"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The lead should be stored, but that is not possible. {reason}")


class StoredRecords:
    """Leads, events and outcomes by organisation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_leads(self, organisation: str, records: Sequence[LeadRecord]) -> BatchAnswer:
        """Store leads; says what became of each."""
        with self._database.transaction(organisation) as connection:
            schema = MERGED_LEADS if any(record.merged_into for record in records) else LEADS
            return _stored(records, schema, _lead_row, LeadRepository(connection, organisation).add_table)

    def add_events(self, organisation: str, records: Sequence[EventRecord]) -> BatchAnswer:
        """Store events; says what became of each."""
        with self._database.transaction(organisation) as connection:
            return _stored(records, EVENTS, _event_row, EventRepository(connection, organisation).add_table)

    def add_outcomes(self, organisation: str, records: Sequence[OutcomeRecord]) -> BatchAnswer:
        """Store outcomes; says what became of each."""
        with self._database.transaction(organisation) as connection:
            return _stored(records, OUTCOMES, _outcome_row, OutcomeRepository(connection, organisation).add_table)

    def put_lead(self, organisation: str, record: LeadRecord) -> tuple[LeadAnswer, bool]:
        """Store a lead, or what is said of it; gives it as it is then, and whether it is new."""
        with self._database.transaction(organisation) as connection:
            repository = LeadRepository(connection, organisation)
            found = _stored([record], LEADS, _lead_row, repository.add_table)
            if found.rejected:
                raise LeadNotStoredError(found.results[0].reason)
            lead = Listing(connection, organisation).get_lead((record.source, record.external_id))
        return _lead_answer(lead), bool(found.added)

    def get_lead(self, organisation: str, name: tuple[str, str]) -> LeadAnswer:
        """One lead."""
        with self._database.transaction(organisation) as connection:
            return _lead_answer(Listing(connection, organisation).get_lead(name))

    def list_leads(
        self, organisation: str, limit: int, after: Place | None, source: str | None, entity: str | None
    ) -> Sequence[Listed[LeadAnswer]]:
        """Leads; a place is (number)."""
        seen = None if after is None else int(after[0])
        with self._database.transaction(organisation) as connection:
            found = Listing(connection, organisation).list_leads(limit, seen, source=source, entity=entity)
        return [Listed((lead.id,), _lead_answer(lead)) for lead in found]

    def list_events(
        self, organisation: str, limit: int, after: Place | None, lead: OfLead, kind: str | None
    ) -> Sequence[Listed[EventAnswer]]:
        """Events; a place is (source, external_id)."""
        seen = None if after is None else (str(after[0]), str(after[1]))
        with self._database.transaction(organisation) as connection:
            found = Listing(connection, organisation).list_events(limit, seen, lead=lead, kind=kind)
        return [Listed((event.source, event.external_id), _event_answer(event)) for event in found]

    def list_outcomes(
        self, organisation: str, limit: int, after: Place | None, lead: OfLead, target: str | None
    ) -> Sequence[Listed[OutcomeAnswer]]:
        """Outcomes; a place is (number)."""
        seen = None if after is None else int(after[0])
        with self._database.transaction(organisation) as connection:
            found = Listing(connection, organisation).list_outcomes(limit, seen, lead=lead, target=target)
        return [Listed((outcome.id,), _outcome_answer(outcome)) for outcome in found]


def _stored(
    records: Sequence[Record],
    schema: pa.Schema,
    row_of: Callable[[Record, datetime], dict[str, Any]],
    add_table: Callable[[pa.Table], AddResult],
) -> BatchAnswer:
    """Store records as one table; each result stands where its record stood."""
    received_at = now()
    reasons: dict[int, str] = {}
    rows, places = [], []
    for place, record in enumerate(records):
        try:
            rows.append(row_of(record, received_at))
            places.append(place)
        except UnusableValueError as error:
            reasons[place] = str(error)
    found = add_table(pa.Table.from_pylist(rows, schema)) if rows else AddResult(added=0, unchanged=0)
    for rejection in found.rejected:
        assert rejection.position is not None
        reasons[places[rejection.position - 1]] = rejection.reason
    results = [
        RecordResult(
            source=record.source,
            external_id=record.external_id,
            status="rejected" if place in reasons else "stored",
            reason=reasons.get(place, ""),
        )
        for place, record in enumerate(records)
    ]
    return BatchAnswer(
        results=results, added=found.added, changed=found.changed, unchanged=found.unchanged, rejected=len(reasons)
    )


def _known(record: LeadRecord | EventRecord | OutcomeRecord, received_at: datetime) -> dict[str, Any]:
    return {
        "source": record.source,
        "external_id": record.external_id,
        "occurred_at": record.occurred_at,
        "recorded_at": record.recorded_at or received_at,
    }


def _lead_row(record: LeadRecord, received_at: datetime) -> dict[str, Any]:
    said = {"entity": record.entity, "fields": json_text(record.fields), "merged_into": record.merged_into}
    return _known(record, received_at) | said


def _event_row(record: EventRecord, received_at: datetime) -> dict[str, Any]:
    of_lead = {"lead_source": record.lead.source, "lead_external_id": record.lead.external_id}
    return _known(record, received_at) | of_lead | {"kind": record.kind, "fields": json_text(record.fields)}


def _outcome_row(record: OutcomeRecord, received_at: datetime) -> dict[str, Any]:
    of_lead = {"lead_source": record.lead.source, "lead_external_id": record.lead.external_id}
    said = {"target": record.target, "won": record.won, "value": record.value}
    return _known(record, received_at) | of_lead | said


def _lead_answer(found: ListedLead) -> LeadAnswer:
    lead = found.lead
    return LeadAnswer(
        source=lead.source,
        external_id=lead.external_id,
        entity=lead.entity,
        occurred_at=lead.occurred_at,
        recorded_at=lead.recorded_at,
        fields=found.fields,
        arrival_fields=lead.fields,
        merged_into=None if found.merged_into is None else named(found.merged_into),
    )


def _event_answer(event: Event) -> EventAnswer:
    return EventAnswer(
        source=event.source,
        external_id=event.external_id,
        lead=named(event.lead),
        kind=event.kind,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        fields=event.fields,
    )


def _outcome_answer(found: ListedOutcome) -> OutcomeAnswer:
    outcome = found.outcome
    return OutcomeAnswer(
        source=outcome.source,
        external_id=outcome.external_id,
        lead=named(outcome.lead),
        target=outcome.target,
        won=outcome.won,
        value=outcome.value,
        occurred_at=outcome.occurred_at,
        recorded_at=outcome.recorded_at,
    )


def named(lead: tuple[str, str]) -> LeadName:
    """A lead's name as answers have it."""
    return LeadName(source=lead[0], external_id=lead[1])
