"""Outcomes: how it ended for a lead."""

import math
from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping, select, text

from leadwise.domain.lead import Outcome
from leadwise.store import bulk, tables
from leadwise.store.cleaning import UnusableValueError, check_name
from leadwise.store.results import AddResult, Rejection

_COLUMNS = {
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

_ADD = """
INSERT INTO outcomes (organisation_id, lead_id, source, external_id, target, won, value, occurred_at, recorded_at)
SELECT DISTINCT ON (source, external_id) :organisation, leads.id, incoming.source, incoming.external_id,
    target, won, value, incoming.occurred_at, incoming.recorded_at
FROM incoming
JOIN leads ON (leads.organisation_id, leads.source, leads.external_id) = (:organisation, lead_source, lead_external_id)
ORDER BY source, external_id, recorded_at, position
ON CONFLICT DO NOTHING
"""


class OutcomeRepository:
    """The outcomes of one organisation's leads."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add_many(self, outcomes: Iterable[Outcome]) -> AddResult:
        """Store outcomes. One that is there already, by source and external id, stays as it is; the first word counts.

        Outcomes of leads that are not stored are rejected, and so are values that are no number; all others are stored.
        """
        rejected: list[Rejection] = []
        rows = bulk.usable(outcomes, _row, lambda outcome: (outcome.source, outcome.external_id), rejected)
        with bulk.incoming(self._connection, _COLUMNS, rows) as count:
            unknown = bulk.reject_unknown_leads(self._connection, self._organisation)
            added = self._connection.execute(text(_ADD), {"organisation": self._organisation}).rowcount
        return AddResult(added, count - len(unknown) - added, rejected=(*rejected, *unknown))

    def list(self, target: str) -> list[Outcome]:
        """All outcomes for the target, in the order in which they were stored."""
        outcomes, leads = tables.outcomes.c, tables.leads.c
        query = (
            select(tables.outcomes, leads.source.label("lead_source"), leads.external_id.label("lead_external_id"))
            .join(tables.leads, leads.id == outcomes.lead_id)
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
