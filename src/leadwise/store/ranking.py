"""The open leads in the order of their newest scores: one page of them, and how many there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)

from leadwise.domain.clock import in_utc
from leadwise.domain.lead import Lead
from leadwise.domain.score import Score
from leadwise.domain.target import Target
from leadwise.store import tables
from leadwise.store.scores import score_of
from leadwise.store.segments import among

NAMES = "source", "external_id", "occurred_at", "recorded_at"
"""What is known of each open lead while they are ranked; what its arrival said would be too much to hold of all."""


@dataclass(frozen=True)
class RankingFilter:
    """Which of the open leads are wanted.

    Args:
        field: The field in which `text` is looked for.
        text: Part of that field's value, in any case; empty for all leads.
        grade: Only leads of this grade; None for all.
        leads: Only leads of these numbers; None for all.
    """

    field: str = "name"
    text: str = ""
    grade: str | None = None
    leads: Sequence[int] | None = None


@dataclass(frozen=True)
class RankedOpenLead:
    """An open lead as it arrived, and its newest score."""

    lead: Lead
    score: Score


@dataclass(frozen=True)
class Ranking:
    """A page of the ranked open leads.

    Args:
        leads: The highest first.
        by_grade: How many leads there are on all pages of each grade that occurs, whatever grade is wanted; "" stands
            for no grade.
    """

    leads: list[RankedOpenLead]
    by_grade: dict[str, int]


@dataclass(frozen=True)
class LatestScoring:
    """When and by which model scores were computed last."""

    recorded_at: datetime
    model_version: str


class RankingRepository:
    """The ranked open leads of one organisation, for one target, as of an instant.

    A lead is open if we knew of it by then, knew of no outcome for the target, and it was younger than
    `target.open_days`. Its newest score is the one with the latest `as_of`, and of several such the one recorded last.
    """

    def __init__(self, connection: Connection, organisation: str, target: Target, as_of: datetime) -> None:
        self._connection = connection
        self._organisation = organisation
        self._target = target
        self._as_of = in_utc("as_of", as_of)

    def rank(self, wanted: RankingFilter, limit: int, offset: int = 0) -> Ranking:
        """A page of leads with their newest scores, the highest probability (or value) first, and how many there are.

        Open leads are gone through once for both, and with little in hand: whole rows are read of the page alone.
        """
        newest = self.newest_scores(wanted).subquery().c
        worth = func.coalesce(newest.probability, newest.value).label("worth")
        latest = select(newest.id, newest.lead_id, newest.grade, worth).cte("latest").prefix_with("MATERIALIZED")
        # The lead's number breaks ties, so that pages neither repeat nor skip a lead.
        order = latest.c.worth.desc().nulls_last(), latest.c.lead_id
        place = func.row_number().over(order_by=order).label("number")
        page = select(latest.c.id, null().label("grade"), place).where(*_of_grade(latest.c.grade, wanted))
        page = page.order_by(place).limit(limit).offset(offset)
        # Beside a row of the page, its number is its place, and beside a grade it says how many leads have that.
        counts = select(null().label("id"), latest.c.grade, func.count().label("number")).group_by(latest.c.grade)
        found = self._connection.execute(union_all(select(page.subquery()), counts)).all()
        ids = {row.id: row.number for row in found if row.id is not None}
        by_grade = {row.grade or "": row.number for row in found if row.id is None}
        return Ranking(self._leads_of(ids), by_grade)

    def _leads_of(self, scores: Mapping[int, int]) -> list[RankedOpenLead]:
        """The leads of these scores, by their places."""
        query = select(tables.scores, *_named(tables.leads.c, (*NAMES, "fields"))).join(
            tables.leads, tables.leads.c.id == tables.scores.c.lead_id
        )
        rows = self._connection.execute(query.where(tables.scores.c.id.in_(scores))).mappings()
        return [_ranked_of(row) for row in sorted(rows, key=lambda row: scores[row["id"]])]

    def find_latest_scoring(self) -> LatestScoring | None:
        """The scoring that was recorded last; None before the first."""
        scores = tables.scores.c
        query = (
            select(scores.recorded_at, scores.model_version)
            .where(scores.organisation_id == self._organisation, scores.target == self._target.name)
            .order_by(scores.id.desc())
            .limit(1)
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else LatestScoring(row.recorded_at, row.model_version)

    def newest_scores(self, wanted: RankingFilter, newest_score: int | None = None) -> Select[Any]:
        """The query of the open leads' newest scores, with what leads they are of as `lead_...`; in no order.

        Args:
            wanted: The text that leads must have, and which leads they may be.
            newest_score: Scores that were stored after the one of this number count as not there; None: all are.
        """
        open_leads = self._open_leads(wanted)
        leads, scores = open_leads.c, tables.scores.c
        # In the order of the index `scores_newest`, from which one row is taken, however often a lead was scored.
        newest = (
            select(tables.scores)
            .where(scores.organisation_id == self._organisation, scores.target == self._target.name)
            .where(scores.lead_id == leads.id, scores.as_of <= self._as_of)
            .order_by(scores.as_of.desc(), scores.recorded_at.desc(), scores.id.desc())
            .limit(1)
        )
        if newest_score is not None:
            newest = newest.where(scores.id <= newest_score)
        of_lead = newest.lateral("newest")
        return select(of_lead, *_named(leads, NAMES)).select_from(open_leads.join(of_lead, literal(value=True)))

    def _open_leads(self, wanted: RankingFilter) -> CTE:
        """Made once for the whole query: outcomes are never looked at again for each lead or score."""
        leads, ended = tables.leads.c, self._ended_leads().c
        known_since = func.greatest(leads.occurred_at, leads.recorded_at)
        query = select(leads.id, *(leads[name] for name in NAMES))
        query = query.where(
            leads.organisation_id == self._organisation,
            leads.merged_into.is_(None),
            known_since > self._as_of - timedelta(days=self._target.open_days),
            known_since <= self._as_of,
            ~exists(select(ended.lead_id).where(ended.lead_id == leads.id).correlate(tables.leads)),
        )
        if wanted.text:
            query = query.where(leads.fields[wanted.field].astext.icontains(wanted.text, autoescape=True))
        if wanted.leads is not None:
            query = query.where(among(leads.id, wanted.leads))
        return query.cte("open_leads").prefix_with("MATERIALIZED")

    def _ended_leads(self) -> CTE:
        """The leads with an outcome; what was merged into a lead ended with it."""
        leads, outcomes = tables.leads.c, tables.outcomes.c
        query = select(func.coalesce(leads.merged_into, leads.id).label("lead_id")).distinct()
        query = query.where(
            leads.id == outcomes.lead_id,
            outcomes.organisation_id == self._organisation,
            outcomes.target == self._target.name,
            outcomes.occurred_at <= self._as_of,
            outcomes.recorded_at <= self._as_of,
        )
        return query.cte("ended_leads").prefix_with("MATERIALIZED")


def _named(leads: Any, names: Iterable[str]) -> Iterable[ColumnElement[Any]]:
    return [leads[name].label(f"lead_{name}") for name in names]


def _of_grade(grade: ColumnElement[Any], wanted: RankingFilter) -> list[ColumnElement[bool]]:
    return [] if wanted.grade is None else [grade == wanted.grade]


def _ranked_of(row: RowMapping) -> RankedOpenLead:
    lead = Lead(
        source=row["lead_source"],
        external_id=row["lead_external_id"],
        occurred_at=row["lead_occurred_at"],
        recorded_at=row["lead_recorded_at"],
        fields=row["lead_fields"],
    )
    return RankedOpenLead(lead, score_of(row))
