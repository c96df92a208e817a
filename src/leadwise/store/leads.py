"""Leads: what was known of each on arrival. What later deliveries say of it is kept as statements."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, RowMapping, Select, func, or_, select, text

from leadwise.domain.lead import Lead
from leadwise.store import bulk, tables
from leadwise.store.cleaning import check_name, json_text
from leadwise.store.erasures import refuse_erased
from leadwise.store.errors import LeadNotFoundError
from leadwise.store.merging import merge_leads
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.record_tables import usable_rows
from leadwise.store.results import AddResult, Rejection
from leadwise.store.statements import add_statements

COLUMNS = {
    "source": "text",
    "external_id": "text",
    "entity": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "fields": "jsonb",
}
MERGES = {"merged_into": "text"}
NAMES = {"source": "source", "external_id": "external_id", "entity": "entity"}

_ADD = """
WITH stored AS (
    INSERT INTO leads (organisation_id, source, external_id, entity, occurred_at, recorded_at, fields)
    SELECT DISTINCT ON (source, external_id)
        :organisation, source, external_id, entity, occurred_at, recorded_at, fields
    FROM incoming
    ORDER BY source, external_id, recorded_at, occurred_at, fields
    ON CONFLICT (organisation_id, source, external_id) DO UPDATE
    SET occurred_at = EXCLUDED.occurred_at, recorded_at = EXCLUDED.recorded_at, fields = EXCLUDED.fields
    WHERE (EXCLUDED.recorded_at, EXCLUDED.occurred_at, EXCLUDED.fields)
        < (leads.recorded_at, leads.occurred_at, leads.fields)
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE NOT is_new) AS replaced FROM stored
"""

_DELETE_OTHER_ENTITIES = """
DELETE FROM incoming USING leads
WHERE (leads.organisation_id, leads.source, leads.external_id)
    = (:organisation, incoming.source, incoming.external_id) AND leads.entity <> incoming.entity
RETURNING position, incoming.source, incoming.external_id, incoming.entity, leads.entity AS stored
"""


class LeadRepository:
    """The leads of one organisation."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add_many(self, leads: Iterable[Lead]) -> AddResult:
        """Store leads, and what each says of its fields.

        A lead is known by its source and external id. Its row says what was recorded of it first: its arrival. All
        else that is said of it, whenever that is delivered, is a statement as of the instant at which it was recorded;
        a field that a delivery lacks is not spoken of. The state does not depend on the order of deliveries, nor on
        repetition.
        """
        rejected: list[Rejection] = []
        rows = bulk.usable(leads, _row, lambda lead: (lead.source, lead.external_id), rejected)
        with bulk.incoming(self._connection, COLUMNS, rows) as count:
            return self._store(count, rejected)

    def add_table(self, table: pa.Table, *, readmit: bool = False) -> AddResult:
        """Store a table of leads with the columns of `COLUMNS`, as `add_many` does; rejections say which row it was.

        Args:
            table: With a further column merged_into, leads are merged into those whose external id stands there.
            readmit: Whether leads that were erased may come again.
        """
        merges = MERGES if "merged_into" in table.column_names else {}
        rows, rejected = usable_rows(table, NAMES)
        with bulk.incoming_table(self._connection, COLUMNS | merges, rows) as count:
            result = self._store(count, rejected, readmit=readmit)
            unmerged = merge_leads(self._connection, self._organisation) if merges else []
        return replace(result, rejected=(*result.rejected, *unmerged))

    def _store(self, count: int, rejected: list[Rejection], *, readmit: bool = False) -> AddResult:
        OrganisationRepository(self._connection).hold(self._organisation)
        of_organisation = {"organisation": self._organisation}
        erased = refuse_erased(self._connection, self._organisation, readmit=readmit)
        others = bulk.rejections(self._connection.execute(text(_DELETE_OTHER_ENTITIES), of_organisation), _is_other)
        stored = self._connection.execute(text(_ADD), of_organisation).one()
        changed = add_statements(self._connection, self._organisation) + stored.replaced
        unchanged = count - len(erased) - len(others) - stored.added - changed
        return AddResult(stored.added, unchanged, changed, (*rejected, *erased, *others))

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
        """Leads as they were on arrival, in the order in which they were stored; all if `limit` is None.

        Leads that were merged into another are left out.
        """
        query = (
            self._all()
            .where(tables.leads.c.merged_into.is_(None))
            .order_by(tables.leads.c.id)
            .limit(limit)
            .offset(offset)
        )
        return [_lead_of(row) for row in self._connection.execute(query).mappings()]

    def count_past(self, entity: str, target: str, before: datetime) -> int:
        """How many leads there are to learn from: with an outcome for the target, or in before an instant."""
        leads, outcomes = tables.leads.c, tables.outcomes.c
        ended = select(outcomes.id).where(outcomes.lead_id == leads.id, outcomes.target == target).exists()
        past = select(func.count()).where(
            leads.organisation_id == self._organisation,
            leads.entity == entity,
            leads.merged_into.is_(None),
            or_(leads.occurred_at <= before, ended),
        )
        return int(self._connection.execute(past).scalar_one())

    def _all(self) -> Select[Any]:
        return select(tables.leads).where(tables.leads.c.organisation_id == self._organisation)


def _is_other(row: Any) -> str:
    return (
        f'"{row.external_id}" from "{row.source}" is stored as entity "{row.stored}", not "{row.entity}"; '
        "give things of another kind another source."
    )


def _row(lead: Lead) -> bulk.Row:
    return (
        check_name("source", lead.source),
        check_name("external_id", lead.external_id),
        check_name("entity", lead.entity),
        lead.occurred_at,
        lead.recorded_at,
        json_text(lead.fields),
    )


def _lead_of(row: RowMapping) -> Lead:
    return Lead(row["source"], row["external_id"], row["occurred_at"], row["recorded_at"], row["fields"], row["entity"])
