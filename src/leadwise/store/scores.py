"""Scores: appended, never changed. The database itself refuses to change one."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from leadwise.domain.clock import in_utc
from leadwise.domain.lead import Fields
from leadwise.domain.score import Cause, Change, Reason, Score
from leadwise.store import bulk, tables
from leadwise.store.cleaning import UnusableValueError, check_name, cleaned_text, json_text
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.results import AddResult, Rejection

_COLUMNS = {
    # The names that reject_unknown_leads speaks of: a score is known by its lead.
    "source": "text",
    "external_id": "text",
    "lead_source": "text",
    "lead_external_id": "text",
    "target": "text",
    "as_of": "timestamptz",
    "recorded_at": "timestamptz",
    "model_version": "text",
    "probability": "double precision",
    "value": "double precision",
    "grade": "text",
    "action": "text",
    "base": "double precision",
    "reasons": "jsonb",
    "inputs": "text",
    "change": "jsonb",
}

_ADD = """
INSERT INTO scores (organisation_id, lead_id, target, as_of, recorded_at, model_version, probability, value, grade,
    action, base, reasons, inputs, change)
SELECT :organisation, leads.id, target, as_of, incoming.recorded_at, model_version, probability, value, grade,
    action, base, reasons, inputs, change
FROM incoming
JOIN leads ON (leads.organisation_id, leads.source, leads.external_id) = (:organisation, lead_source, lead_external_id)
ORDER BY position
"""


@dataclass(frozen=True)
class RankedLead:
    """A lead's newest score, with what was known of the lead on arrival."""

    score: Score
    fields: Fields


class ScoreRepository:
    """The scores of one organisation's leads."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add_many(self, scores: Iterable[Score]) -> AddResult:
        """Append scores, also ones that equal a stored one.

        Scores of leads that are not stored are rejected, and so are those with a probability outside 0 to 1; all others
        are stored.
        """
        rejected: list[Rejection] = []
        rows = bulk.usable(scores, _row, lambda score: score.lead, rejected)
        with bulk.incoming(self._connection, _COLUMNS, rows):
            OrganisationRepository(self._connection).hold(self._organisation)
            unknown = bulk.reject_unknown_leads(self._connection, self._organisation)
            added = self._connection.execute(text(_ADD), {"organisation": self._organisation}).rowcount
        return AddResult(added, unchanged=0, rejected=(*rejected, *unknown))

    def list_latest(self, target: str, limit: int | None = None, offset: int = 0) -> list[RankedLead]:
        """Each lead's newest score for the target, the highest probability (or value) first; all if `limit` is None.

        Newest is the score with the latest `as_of`, and of several such the one recorded last. Leads that were merged
        into another are left out.
        """
        alone = self._all(target).where(tables.leads.c.merged_into.is_(None))
        latest = alone.ext(distinct_on(tables.scores.c.lead_id)).subquery()
        worth = func.coalesce(latest.c.probability, latest.c.value)
        # The lead's number breaks ties, so that pages neither repeat nor skip a lead.
        query = select(latest).order_by(worth.desc().nulls_last(), latest.c.lead_id).limit(limit).offset(offset)
        return [RankedLead(score_of(row), row["lead_fields"]) for row in self._connection.execute(query).mappings()]

    def list_history(self, lead: tuple[str, str], target: str) -> list[Score]:
        """All scores of the lead with this (source, external_id) for the target, the newest first.

        Of a lead that was merged into another, those of that one.
        """
        named = tables.leads.alias("named").c
        stands_for_it = (
            select(func.coalesce(named.merged_into, named.id))
            .where(named.organisation_id == self._organisation, named.source == lead[0], named.external_id == lead[1])
            .scalar_subquery()
        )
        query = self._all(target).where(tables.scores.c.lead_id == stands_for_it)
        return [score_of(row) for row in self._connection.execute(query).mappings()]

    def _all(self, target: str) -> Select[Any]:
        """The scores for the target: per lead, the newest first. This order is that of the index `scores_newest`."""
        scores, leads = tables.scores.c, tables.leads.c
        lead = leads.source.label("lead_source"), leads.external_id.label("lead_external_id")
        return (
            select(tables.scores, *lead, leads.fields.label("lead_fields"))
            .join(tables.leads, leads.id == scores.lead_id)
            .where(scores.organisation_id == self._organisation, scores.target == target)
            .order_by(scores.lead_id, scores.as_of.desc(), scores.recorded_at.desc(), scores.id.desc())
        )


def _row(score: Score) -> bulk.Row:
    lead = tuple(check_name("lead's identifier", part) for part in score.lead)
    return (
        *lead,
        *lead,
        check_name("target", score.target),
        in_utc("as_of", score.as_of),
        in_utc("recorded_at", score.recorded_at),
        check_name("model_version", score.model_version),
        _probability(score.probability),
        score.value,
        score.grade,
        cleaned_text(score.action),
        score.base,
        json_text([asdict(reason) for reason in score.reasons]),
        score.inputs,
        None if score.change is None else json_text(asdict(score.change)),
    )


def _probability(probability: float | None) -> float | None:
    # Not a number fails this comparison, too.
    if probability is None or 0 <= probability <= 1:
        return probability
    reason = f"Its probability is {probability}, which is not between 0 and 1."
    raise UnusableValueError(reason)


def score_of(row: RowMapping) -> Score:
    """The score in a row of `scores` with `lead_source` and `lead_external_id`."""
    return Score(
        lead=(row["lead_source"], row["lead_external_id"]),
        target=row["target"],
        as_of=row["as_of"],
        recorded_at=row["recorded_at"],
        model_version=row["model_version"],
        probability=row["probability"],
        value=row["value"],
        grade=row["grade"],
        action=row["action"],
        base=row["base"],
        reasons=tuple(Reason(**reason) for reason in row["reasons"]),
        inputs=row["inputs"],
        change=None if row["change"] is None else _change_of(row["change"]),
    )


def _change_of(stored: Mapping[str, Any]) -> Change:
    return Change(
        because=tuple(Cause(cause) for cause in stored["because"]),
        columns={Cause(cause): tuple(columns) for cause, columns in stored["columns"].items()},
        by={Cause(cause): moved for cause, moved in stored["by"].items()},
        before=stored["before"],
    )
