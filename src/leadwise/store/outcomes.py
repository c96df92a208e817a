"""Outcomes: how it ended for a lead. Of two versions of an outcome, the one that was recorded first counts."""

import math
from collections.abc import Iterable

import pyarrow as pa
from sqlalchemy import Connection, RowMapping, func, select

from leadwise.domain.lead import Outcome
from leadwise.store import bulk, tables
from leadwise.store.cleaning import UnusableValueError, check_name
from leadwise.store.lead_records import RecordTable, add_rows, add_table
from leadwise.store.results import AddResult, Rejection

RECORDS = RecordTable(
    "outcomes", {"target": "text", "won": "boolean", "value": "double precision"}, {"target": "target"}
)  # fmt: skip


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
        return add_rows(self._connection, self._organisation, RECORDS, rows, rejected)

    def add_table(self, table: pa.Table) -> AddResult:
        """Store a table of outcomes with the columns of `RECORDS`, as `add_many`; rejections say which row it was."""
        return add_table(self._connection, self._organisation, RECORDS, table)

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
        return [outcome_of(row) for row in self._connection.execute(query).mappings()]


def _row(outcome: Outcome) -> bulk.Row:
    if outcome.value is not None and not math.isfinite(outcome.value):
        reason = f"Its value is {outcome.value}, not a number; leave it out where it is unknown."
        raise UnusableValueError(reason)
    return (
        check_name("source", outcome.source),
        check_name("external_id", outcome.external_id),
        *(check_name("lead's identifier", part) for part in outcome.lead),
        outcome.occurred_at,
        outcome.recorded_at,
        check_name("target", outcome.target),
        outcome.won,
        outcome.value,
    )


def outcome_of(row: RowMapping) -> Outcome:
    """The outcome in a row of `outcomes` with `lead_source` and `lead_external_id`."""
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
