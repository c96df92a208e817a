"""Leads, events and outcomes a page at a time: what is added meanwhile neither repeats nor hides a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select, text, tuple_

from leadwise.domain.lead import Event, Fields, Lead, Outcome
from leadwise.store import tables
from leadwise.store.errors import LeadNotFoundError
from leadwise.store.events import event_of
from leadwise.store.outcomes import outcome_of

LeadName = tuple[str, str]
"""(source, external_id)"""
OfLead = tuple[str | None, str | None]
"""What is wanted of a lead's source and external id; None: any."""
ANY_LEAD: OfLead = (None, None)

_PARTS = """
SELECT id FROM leads WHERE id = ANY(:ids)
UNION SELECT id FROM leads WHERE merged_into = ANY(:ids)
"""

# The last word on each field, in the order of `field_statements`; by the numbers of all parts of leads, so that their
# rows are found by index.
_FIELDS_NOW = """
SELECT DISTINCT ON (lead_id, field) lead_id, field, value
FROM field_statements
WHERE said_of = ANY(:parts)
    AND greatest(occurred_at, recorded_at) <= clock_timestamp()
ORDER BY lead_id, field, occurred_at DESC, recorded_at DESC, is_arrival, source COLLATE "C" DESC,
    external_id COLLATE "C" DESC, value DESC
"""


@dataclass(frozen=True)
class ListedLead:
    """A lead as it is on record.

    Args:
        id: Its number: later leads have higher ones.
        lead: As it arrived.
        fields: What is known of it now.
        merged_into: The (source, external_id) of the one that stands for it; None if it stands for itself.
    """

    id: int
    lead: Lead
    fields: Fields
    merged_into: LeadName | None


@dataclass(frozen=True)
class ListedOutcome:
    """An outcome, and its number: later ones have higher ones."""

    id: int
    outcome: Outcome


class Listing:
    """What is on record of one organisation's leads."""

    def __init__(self, connection: Connection, organisation: str) -> None:
        self._connection = connection
        self._organisation = organisation

    def get_lead(self, name: LeadName) -> ListedLead:
        """The lead of that name.

        Raises:
            LeadNotFoundError: if there is none.
        """
        found = self.list_leads(1, name=name)
        if not found:
            raise LeadNotFoundError(*name)
        return found[0]

    def list_leads(
        self,
        limit: int,
        after: int | None = None,
        *,
        name: LeadName | None = None,
        source: str | None = None,
        entity: str | None = None,
    ) -> Sequence[ListedLead]:
        """Leads in the order in which they were stored, merged ones too.

        Args:
            limit: How many at most.
            after: The id of the last one that was seen.
            name: Only the one with this source and external id.
            source: Only those of this source.
            entity: Only those of this kind.
        """
        leads, whole = tables.leads.c, tables.leads.alias("whole")
        query = (
            select(tables.leads, whole.c.source.label("whole_source"), whole.c.external_id.label("whole_external_id"))
            .outerjoin(whole, whole.c.id == leads.merged_into)
            .where(leads.organisation_id == self._organisation)
            .order_by(leads.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(leads.id > after)
        if name is not None:
            query = query.where(leads.source == name[0], leads.external_id == name[1])
        for column, wanted in ((leads.source, source), (leads.entity, entity)):
            if wanted is not None:
                query = query.where(column == wanted)
        rows = self._connection.execute(query).mappings().all()
        fields = self._fields_now([row["id"] for row in rows])
        return [_lead_of(row, fields.get(row["id"], row["fields"])) for row in rows]

    def list_events(
        self, limit: int, after: LeadName | None = None, *, lead: OfLead = ANY_LEAD, kind: str | None = None
    ) -> Sequence[Event]:
        """Events in the order of their (external_id, source); of a merged lead, they name the one that it was of.

        Args:
            limit: How many at most.
            after: The source and external id of the last one that was seen.
            lead: Only those of such leads.
            kind: Only those of this kind.
        """
        events = tables.events.c
        query = self._of_leads(tables.events).order_by(events.external_id, events.source).limit(limit)
        if after is not None:
            query = query.where(tuple_(events.external_id, events.source) > tuple_(after[1], after[0]))
        if lead != ANY_LEAD:
            query = query.where(events.lead_id.in_(self._numbers_of(lead)))
        if kind is not None:
            query = query.where(events.kind == kind)
        return [event_of(row) for row in self._connection.execute(query).mappings()]

    def list_outcomes(
        self, limit: int, after: int | None = None, *, lead: OfLead = ANY_LEAD, target: str | None = None
    ) -> Sequence[ListedOutcome]:
        """Outcomes in the order in which they were stored.

        Args:
            limit: How many at most.
            after: The id of the last one that was seen.
            lead: Only those of such leads.
            target: Only those for this target.
        """
        outcomes = tables.outcomes.c
        query = self._of_leads(tables.outcomes).order_by(outcomes.id).limit(limit)
        if after is not None:
            query = query.where(outcomes.id > after)
        if lead != ANY_LEAD:
            query = query.where(outcomes.lead_id.in_(self._numbers_of(lead)))
        if target is not None:
            query = query.where(outcomes.target == target)
        return [ListedOutcome(row["id"], outcome_of(row)) for row in self._connection.execute(query).mappings()]

    def find_numbers(self, names: Sequence[LeadName], entity: str) -> dict[LeadName, int]:
        """The numbers of those of these leads that there are, of one kind; a merged lead has that of its whole."""
        leads = tables.leads.c
        query = select(leads.source, leads.external_id, func.coalesce(leads.merged_into, leads.id)).where(
            leads.organisation_id == self._organisation,
            leads.entity == entity,
            tuple_(leads.source, leads.external_id).in_(names),
        )
        return {(source, external_id): number for source, external_id, number in self._connection.execute(query)}

    def _of_leads(self, table: Any) -> Select[Any]:
        leads = tables.leads.c
        named = leads.source.label("lead_source"), leads.external_id.label("lead_external_id")
        query = select(table, *named).join(tables.leads, leads.id == table.c.lead_id)
        return query.where(table.c.organisation_id == self._organisation)

    def _numbers_of(self, lead: OfLead) -> Select[Any]:
        named = tables.leads.alias("named").c
        query = select(named.id).where(named.organisation_id == self._organisation)
        for column, wanted in zip((named.source, named.external_id), lead, strict=True):
            if wanted is not None:
                query = query.where(column == wanted)
        return query

    def _fields_now(self, ids: Sequence[int]) -> Mapping[int, Fields]:
        found: dict[int, Fields] = {}
        if not ids:
            return found
        parts = list(self._connection.scalars(text(_PARTS), {"ids": list(ids)}))
        for row in self._connection.execute(text(_FIELDS_NOW), {"parts": parts}):
            found.setdefault(row.lead_id, {})[row.field] = row.value
        return found


def _lead_of(row: RowMapping, fields: Fields) -> ListedLead:
    lead = Lead(row["source"], row["external_id"], row["occurred_at"], row["recorded_at"], row["fields"], row["entity"])
    merged = None if row["merged_into"] is None else (row["whole_source"], row["whole_external_id"])
    return ListedLead(row["id"], lead, fields, merged)
