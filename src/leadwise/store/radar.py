"""All open leads of a target with their newest scores, light enough to rank and count at once; the rest in pieces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, Select, Subquery, func, select

from leadwise.domain.lead import Fields
from leadwise.domain.score import Score
from leadwise.domain.segments import Segments
from leadwise.domain.target import FieldKind, Target
from leadwise.store import tables
from leadwise.store.current_fields import as_text, read_current_fields
from leadwise.store.ranking import RankingFilter, RankingRepository
from leadwise.store.scores import score_of
from leadwise.store.segments import is_within


@dataclass(frozen=True)
class RadarFilter:
    """Which of the open leads are wanted; what is not given narrows nothing.

    Args:
        grades: Any of these.
        minimum_probability: At least so likely.
        maximum_probability: At most so likely.
        segments: By field, any of these values.
        search: Part of a text field or of the identifier, in any case.
        seen_since: Known to us since then or later.
        identifiers: Any of these external ids.
    """

    grades: tuple[str, ...] = ()
    minimum_probability: float = 0.0
    maximum_probability: float = 1.0
    segments: Segments = field(default_factory=dict)
    search: str = ""
    seen_since: datetime | None = None
    identifiers: tuple[str, ...] | None = None


class RadarRow(NamedTuple):
    """One open lead, with as much of its newest score as ranking and counting need.

    `known_since` is when it could first be looked at; `segments` holds the values of the target's segments, in their
    order: empty where none is given.
    """

    lead_id: int
    score_id: int
    probability: float
    grade: str
    base: float
    model_version: str
    as_of: datetime
    recorded_at: datetime
    known_since: datetime
    segments: tuple[str, ...]


@dataclass(frozen=True)
class RadarDetails:
    """The rest of it: the whole score, and what is known of the lead's fields now."""

    score: Score
    fields: Fields


class RadarRepository:
    """The open leads of one organisation with their newest scores, for one target, as of an instant."""

    def __init__(self, connection: Connection, organisation: str, target: Target, as_of: datetime) -> None:
        self._connection = connection
        self._organisation = organisation
        self._target = target
        self._as_of = as_of

    def find_newest_score(self) -> int:
        """The number of the score that was stored last; 0 before the first."""
        scores = tables.scores.c
        query = select(func.max(scores.id)).where(
            scores.organisation_id == self._organisation,
            scores.target == self._target.name,
            scores.lead_id.is_not(None),
        )
        return self._connection.scalar(query) or 0

    def rank(self, wanted: RadarFilter, newest_score: int) -> list[RadarRow]:
        """All leads that are wanted, the likeliest first.

        Args:
            wanted: Which.
            newest_score: Scores that were stored after this one count as not there, so that pages fit together.
        """
        ranking = RankingRepository(self._connection, self._organisation, self._target, self._as_of)
        newest = ranking.newest_scores(RankingFilter(), newest_score).subquery()
        found = self._connection.execute(_narrowed(newest, wanted)).mappings()
        # Two queries, put together here: what a database guesses of texts in JSON leads it to slow plans.
        known = self._current_fields(self._indexed_fields())
        rows = ((row, known.get(row["lead_id"], {})) for row in found)
        return [self._row_of(row, said) for row, said in rows if _is_wanted(wanted, row["lead_external_id"], said)]

    def get_details(self, rows: Sequence[RadarRow]) -> dict[int, RadarDetails]:
        """The rest of these leads, by the number of the score; those that were erased meanwhile are left out."""
        scores, leads = tables.scores.c, tables.leads.c
        named = leads.source.label("lead_source"), leads.external_id.label("lead_external_id")
        query = (
            select(tables.scores, *named)
            .join(tables.leads, leads.id == scores.lead_id)
            .where(scores.organisation_id == self._organisation, scores.id.in_([row.score_id for row in rows]))
        )
        found = self._connection.execute(query).mappings().all()
        known = self._current_fields([each.name for each in self._target.fields], [row.lead_id for row in rows])
        return {row["id"]: RadarDetails(score_of(row), known.get(row["lead_id"], {})) for row in found}

    def _indexed_fields(self) -> list[str]:
        """The fields that leads are searched and grouped by."""
        texts = [each.name for each in self._target.fields if each.kind is FieldKind.TEXT]
        return list(dict.fromkeys([*texts, *self._target.segments]))

    def _current_fields(self, fields: Sequence[str], leads: Sequence[int] | None = None) -> dict[int, Fields]:
        entity = self._target.entity
        return read_current_fields(self._connection, self._organisation, entity, fields, self._as_of, leads)

    def _row_of(self, row: RowMapping, said: Fields) -> RadarRow:
        return RadarRow(
            lead_id=row["lead_id"],
            score_id=row["id"],
            probability=row["probability"],
            grade=row["grade"] or "",
            base=row["base"],
            model_version=row["model_version"],
            as_of=row["as_of"],
            recorded_at=row["recorded_at"],
            known_since=row["known_since"],
            segments=tuple(as_text(said.get(name)) for name in self._target.segments),
        )


def _narrowed(newest: Subquery, wanted: RadarFilter) -> Select[Any]:
    """The leads that are wanted by their scores, in order."""
    scores = newest.c
    known_since = func.greatest(scores.lead_occurred_at, scores.lead_recorded_at).label("known_since")
    names = "id", "lead_id", "probability", "grade", "base", "model_version", "as_of", "recorded_at", "lead_external_id"
    query = select(*(scores[name] for name in names), known_since)
    query = query.where(scores.probability.between(wanted.minimum_probability, wanted.maximum_probability))
    if wanted.grades:
        query = query.where(scores.grade.in_(wanted.grades))
    if wanted.seen_since is not None:
        query = query.where(known_since >= wanted.seen_since)
    if wanted.identifiers is not None:
        storable = [each for each in wanted.identifiers if "\0" not in each]
        query = query.where(scores.lead_external_id.in_(storable))
    return query.order_by(scores.probability.desc(), scores.lead_id)


def _is_wanted(wanted: RadarFilter, identifier: str, said: Fields) -> bool:
    """Whether a lead is wanted by its fields."""
    if not is_within(wanted.segments, said):
        return False
    part = wanted.search.casefold()
    return not part or any(part in each.casefold() for each in (identifier, *map(as_text, said.values())))
