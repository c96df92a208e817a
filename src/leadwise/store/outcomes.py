"""Outcomes: how it ended for a lead. Of two versions of an outcome, the one that was recorded first counts."""

import math
from collections.abc import Iterable

import pyarrow as pa
from sqlalchemy import Connection, RowMapping, func, select, text

from leadwise.domain.lead import Outcome
from leadwise.store import bulk, tables
from leadwise.store.cleaning import UnusableValueError, check_name
from leadwise.store.record_tables import usable_rows
from leadwise.store.results import AddResult, Rejection

COLUMNS = {
    "source": "text",
    "external_id": "text",
    "lead_source": "text",
    "lead_external_id": "text",
    "target": "text",
    "won": "boolean",
    "value": "double precision",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
}

NAMES = {
    "source": "source",
    "external_id": "external_id",
    "lead_source": "lead's identifier",
    "lead_external_id": "lead's identifier",
    "target": "target",
}

_CONTENT = "{0}.recorded_at, {0}.occurred_at, {0}.target, {0}.won, coalesce({0}.value, '-infinity')"

# In the order of the unique key, so that two imports at once wait for each other and never both for ever.
_ADD = f"""
WITH stored AS (
    INSERT INTO outcomes (organisation_id, lead_id, source, external_id, target, won, value, occurred_at, recorded_at)
    SELECT DISTINCT ON (source, external_id) :organisation, leads.id, incoming.source, incoming.external_id,
        target, won, value, incoming.occurred_at, incoming.recorded_at
    FROM incoming
    JOIN leads
        ON (leads.organisation_id, leads.source, leads.external_id) = (:organisation, lead_source, lead_external_id)
    ORDER BY source, external_id, {_CONTENT.format("incoming")}, lead_source, lead_external_id
    ON CONFLICT (organisation_id, source, external_id) DO UPDATE
    SET lead_id = EXCLUDED.lead_id, target = EXCLUDED.target, won = EXCLUDED.won, value = EXCLUDED.value,
        occurred_at = EXCLUDED.occurred_at, recorded_at = EXCLUDED.recorded_at
    WHERE ({_CONTENT.format("EXCLUDED")}) < ({_CONTENT.format("outcomes")})
        OR (EXCLUDED.lead_id <> outcomes.lead_id
            AND ({_CONTENT.format("EXCLUDED")}) = ({_CONTENT.format("outcomes")})
            AND (SELECT (source, external_id) FROM leads WHERE id = EXCLUDED.lead_id)
                < (SELECT (source, external_id) FROM leads WHERE id = outcomes.lead_id))
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE NOT is_new) AS changed FROM stored
"""  # noqa: S608 - our own statement


class OutcomeRepository:
    """The outcomes of one organisation's leads."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add_many(self, outcomes: Iterable[Outcome]) -> AddResult:
        """Store outcomes; an outcome is known by its source and external id.

        Of two versions of one, that counts which was recorded first, then the one that occurred first, then the smaller
        content, whichever is delivered first. Outcomes of leads that are not stored are rejected, and so are values
        that are no number; all others are stored.
        """
        rejected: list[Rejection] = []
        rows = bulk.usable(outcomes, _row, lambda outcome: (outcome.source, outcome.external_id), rejected)
        with bulk.incoming(self._connection, COLUMNS, rows) as count:
            return self._store(count, rejected)

    def add_table(self, table: pa.Table) -> AddResult:
        """Store a table of outcomes with the columns of `COLUMNS`, as `add_many`; rejections say which row it was."""
        rows, rejected = usable_rows(table, NAMES)
        with bulk.incoming_table(self._connection, COLUMNS, rows) as count:
            return self._store(count, rejected)

    def _store(self, count: int, rejected: list[Rejection]) -> AddResult:
        unknown = bulk.reject_unknown_leads(self._connection, self._organisation)
        stored = self._connection.execute(text(_ADD), {"organisation": self._organisation}).one()
        unchanged = count - len(unknown) - stored.added - stored.changed
        return AddResult(stored.added, unchanged, stored.changed, (*rejected, *unknown))

    def list(self, target: str) -> list[Outcome]:
        """All outcomes for the target, in the order in which they were stored."""
        outcomes, leads, said_of = tables.outcomes.c, tables.leads.c, tables.leads.alias("said_of")
        query = (
            select(tables.outcomes, leads.source.label("lead_source"), leads.external_id.label("lead_external_id"))
            .join(said_of, said_of.c.id == outcomes.lead_id)
            .join(tables.leads, leads.id == func.coalesce(said_of.c.merged_into, said_of.c.id))
            .where(outcomes.organisation_id == self._organisation, outcomes.target == target)
            .order_by(outcomes.id)
        )
        return [_outcome_of(row) for row in self._connection.execute(query).mappings()]


def _row(outcome: Outcome) -> bulk.Row:
    if outcome.value is not None and not math.isfinite(outcome.value):
        reason = f"Its value is {outcome.value}, not a number; leave it out where it is unknown."
        raise UnusableValueError(reason)
    return (
        check_name("source", outcome.source),
        check_name("external_id", outcome.external_id),
        *(check_name("lead's identifier", part) for part in outcome.lead),
        check_name("target", outcome.target),
        outcome.won,
        outcome.value,
        outcome.occurred_at,
        outcome.recorded_at,
    )


def _outcome_of(row: RowMapping) -> Outcome:
    return Outcome(
        source=row["source"],
        external_id=row["external_id"],
        lead=(row["lead_source"], row["lead_external_id"]),
        target=row["target"],
        won=row["won"],
        value=row["value"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
    )
