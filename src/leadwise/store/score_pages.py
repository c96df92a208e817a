"""Scores out of the ledger: each lead's newest, one lead's history, and what was in force at an instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Subquery, and_, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from leadwise.domain.clock import in_utc
from leadwise.domain.score import Score
from leadwise.store import tables
from leadwise.store.listing import LeadName
from leadwise.store.scores import score_of
from leadwise.store.segments import among


@dataclass(frozen=True)
class LedgerRow:
    """A row of the ledger.

    Args:
        id: Its number: later rows have higher ones.
        lead_id: The lead's.
        score: What it says.
    """

    id: int
    lead_id: int
    score: Score

    @property
    def worth(self) -> float | None:
        """What leads are ranked by."""
        return self.score.value if self.score.probability is None else self.score.probability


@dataclass(frozen=True)
class RankedAfter:
    """Where a ranking goes on: after the lead of this worth and number."""

    worth: float
    lead_id: int


@dataclass(frozen=True)
class ScoreFilter:
    """Which leads' newest scores are wanted.

    Args:
        grade: Only leads of this grade; None: of any.
        leads: Only leads of these numbers; None: all.
        as_of: What was in force at that instant; None: what is now.
    """

    grade: str | None = None
    leads: Sequence[int] | None = None
    as_of: datetime | None = None


ALL = ScoreFilter()


class ScorePages:
    """The scores of one organisation's stored leads for one target."""

    def __init__(self, connection: Connection, organisation: str, target: str) -> None:
        self._connection = connection
        self._organisation = organisation
        self._target = target

    def newest_id(self) -> int:
        """The number of the organisation's newest row; 0 if there is none."""
        scores = tables.scores.c
        query = select(func.max(scores.id)).where(scores.organisation_id == self._organisation)
        return self._connection.scalar(query) or 0

    def list_newest(
        self,
        limit: int,
        *,
        until: int,
        after: RankedAfter | None = None,
        wanted: ScoreFilter = ALL,
    ) -> Sequence[LedgerRow]:
        """Each lead's newest score, the most likely (or most worth) first; leads that were merged are left out.

        Args:
            limit: How many at most.
            until: Rows with higher numbers are not looked at: so pages of one ranking fit together while leads are
                scored.
            after: Where the page before ended.
            wanted: Which leads.
        """
        latest = self._latest(until, wanted)
        worth = func.coalesce(latest.c.probability, latest.c.value)
        ranked = select(latest).order_by(worth.desc().nulls_last(), latest.c.lead_id).limit(limit)
        if after is not None:
            less = worth < after.worth
            ranked = ranked.where(or_(less, and_(worth == after.worth, latest.c.lead_id > after.lead_id)))
        return self._rows(ranked)

    def list_newest_ids(self, until: int, wanted: ScoreFilter = ALL) -> list[int]:
        """The numbers of all rows that `list_newest` would give, page by page."""
        latest = self._latest(until, wanted)
        worth = func.coalesce(latest.c.probability, latest.c.value)
        ranked = select(latest.c.id).order_by(worth.desc().nulls_last(), latest.c.lead_id)
        return list(self._connection.scalars(ranked))

    def list_rows(self, ids: Sequence[int]) -> Sequence[LedgerRow]:
        """The rows of these numbers that are still there, in this order; some thousand at a time."""
        rows = {row.id: row for row in self._rows(self._all().where(tables.scores.c.id.in_(ids)))}
        return [rows[each] for each in ids if each in rows]

    def list_history(
        self, lead: LeadName, limit: int, after: LedgerRow | None = None, as_of: datetime | None = None
    ) -> Sequence[LedgerRow]:
        """One lead's scores, the newest first; of a merged lead, those of the one that stands for it.

        Args:
            lead: Its (source, external_id).
            limit: How many at most.
            after: The last one that was seen.
            as_of: Only what was known at that instant; the first is what was in force then.
        """
        scores, named = tables.scores.c, tables.leads.alias("named").c
        number = (
            select(func.coalesce(named.merged_into, named.id))
            .where(named.organisation_id == self._organisation, named.source == lead[0], named.external_id == lead[1])
            .scalar_subquery()
        )
        query = self._in_force(self._all().where(scores.lead_id == number), as_of).limit(limit)
        if after is not None:
            place = tuple_(scores.as_of, scores.recorded_at, scores.id)
            query = query.where(place < tuple_(after.score.as_of, after.score.recorded_at, after.id))
        return self._rows(query)

    def find(self, lead: LeadName, row_id: int) -> LedgerRow | None:
        """One row of a lead's history; None if it is not there."""
        query = self._all().where(
            tables.scores.c.id == row_id, tables.leads.c.source == lead[0], tables.leads.c.external_id == lead[1]
        )
        return next(iter(self._rows(query)), None)

    def list_latest_of(self, leads: Sequence[LeadName], as_of: datetime) -> dict[LeadName, LedgerRow]:
        """The newest score up to an instant of each of these leads that has one; some thousand leads at a time."""
        names = tables.leads.c
        query = self._all().where(tuple_(names.source, names.external_id).in_([tuple(lead) for lead in leads]))
        query = query.where(tables.scores.c.as_of <= in_utc("as_of", as_of))
        rows = self._rows(query.ext(distinct_on(tables.scores.c.lead_id)))
        return {row.score.lead: row for row in rows}

    def _latest(self, until: int, wanted: ScoreFilter) -> Subquery:
        query = self._all().where(tables.scores.c.id <= until, tables.leads.c.merged_into.is_(None))
        if wanted.leads is not None:
            query = query.where(among(tables.scores.c.lead_id, wanted.leads))
        latest = self._in_force(query, wanted.as_of).ext(distinct_on(tables.scores.c.lead_id)).subquery()
        return latest if wanted.grade is None else select(latest).where(latest.c.grade == wanted.grade).subquery()

    def _in_force(self, query: Select[Any], as_of: datetime | None) -> Select[Any]:
        if as_of is None:
            return query
        at = in_utc("as_of", as_of)
        return query.where(tables.scores.c.as_of <= at, tables.scores.c.recorded_at <= at)

    def _all(self) -> Select[Any]:
        """The rows: per lead, the newest first. This order is that of the index `scores_newest`."""
        scores, leads = tables.scores.c, tables.leads.c
        lead = leads.source.label("lead_source"), leads.external_id.label("lead_external_id")
        return (
            select(tables.scores, *lead)
            .join(tables.leads, leads.id == scores.lead_id)
            .where(scores.organisation_id == self._organisation, scores.target == self._target)
            .order_by(scores.lead_id, scores.as_of.desc(), scores.recorded_at.desc(), scores.id.desc())
        )

    def _rows(self, query: Any) -> list[LedgerRow]:
        return [
            LedgerRow(row["id"], row["lead_id"], score_of(row)) for row in self._connection.execute(query).mappings()
        ]
