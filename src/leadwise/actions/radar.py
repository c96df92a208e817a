"""The radar: all open leads of a target, ranked by their newest scores, with what each rests on, and in cohorts."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from leadwise.actions.attribution import RULES_PREFIX, Attribution, attribute, attribute_all
from leadwise.actions.cohorts import Cohort, by_age, by_grade, by_segment
from leadwise.actions.typed_fields import typed_fields
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.clock import now
from leadwise.domain.lead import Fields
from leadwise.domain.score import Score
from leadwise.features.engines import Engine
from leadwise.scoring.scored_facts import ScoredFacts, ScoredFactsReader, given_shares
from leadwise.store.database import Database
from leadwise.store.radar import RadarDetails, RadarFilter, RadarRepository, RadarRow

__all__ = ["Coverage", "Radar", "RadarCursor", "RadarEntry", "RadarFilter", "RadarPage", "RadarSummary"]

ROWS_AT_ONCE = 500


class RadarCursor(NamedTuple):
    """Where a page ended: its last lead, and the newest score that there was when the first page was asked for."""

    probability: float
    lead_id: int
    newest_score: int


@dataclass(frozen=True)
class Coverage:
    """How many of the target's features had a value when a lead was scored.

    Args:
        given: So many had.
        features: So many there are.
        missing: Those that had none.
    """

    given: int
    features: int
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.given / self.features if self.features else 1.0


@dataclass(frozen=True)
class RadarEntry:
    """One open lead on the radar.

    Args:
        rank: Its place among all that were asked for, from 1.
        score: Its newest score.
        fields: What is known of it now.
        known_since: When it could first be looked at.
        attribution: The model's word against that of the rules.
        coverage: What the score rests on.
    """

    rank: int
    score: Score
    fields: Fields
    known_since: datetime
    attribution: Attribution
    coverage: Coverage


@dataclass(frozen=True)
class RadarSummary:
    """All leads that were asked for, together.

    Args:
        count: How many.
        expected: So many of them will be won within the horizon; the sum of probabilities.
        attribution: In sum; None without leads.
        coverage: By feature, the share of leads of which it had a value; empty without leads.
        cohorts: By the target's segments, `grade` and `age`.
        model_version: What gave the newest of the scores; None without leads.
        as_of: The instant that this score is of.
        scored_at: When it was computed.
    """

    count: int
    expected: float
    attribution: Attribution | None
    coverage: Mapping[str, float]
    cohorts: Mapping[str, tuple[Cohort, ...]]
    model_version: str | None
    as_of: datetime | None
    scored_at: datetime | None

    @property
    def mean_probability(self) -> float | None:
        """None without leads."""
        return self.expected / self.count if self.count else None

    @property
    def mean_coverage(self) -> float | None:
        """The mean of all shares; None without leads."""
        return sum(self.coverage.values()) / len(self.coverage) if self.coverage else None


@dataclass(frozen=True)
class RadarPage:
    """One page of the radar; `after` is where the next one begins, None on the last."""

    entries: tuple[RadarEntry, ...]
    summary: RadarSummary
    after: RadarCursor | None


class Radar:
    """The open leads of any organisation, for one blueprint. Safe to share between threads.

    Args:
        database: Where scores are.
        blueprint: What is predicted, and its rules.
        engine: What computes features.
    """

    def __init__(self, database: Database, blueprint: Blueprint, engine: Engine) -> None:
        self._database = database
        self._target = blueprint.target
        self._facts = ScoredFactsReader(blueprint, engine)

    def get_page(
        self, organisation: str, wanted: RadarFilter, limit: int, after: RadarCursor | None = None
    ) -> RadarPage:
        """One page, and the summary of all that was asked for.

        Args:
            organisation: Whose.
            wanted: Which leads.
            limit: How many on the page.
            after: Where the page before ended; None: the first.

        Raises:
            Unavailable: if the database is away.
        """
        with self._database.transaction(organisation) as connection:
            repository = self._repository(connection, organisation, now())
            newest = repository.find_newest_score() if after is None else after.newest_score
            rows = repository.rank(wanted, newest)
            facts = self._read_facts(connection, organisation, rows)
            begin = 0 if after is None else bisect_right(rows, (-after.probability, after.lead_id), key=_place)
            end = begin + limit
            entries = self._entries(repository.get_details(rows[begin:end]), rows[begin:end], facts[begin:end], begin)
        last = rows[end - 1] if end < len(rows) else None
        following = None if last is None else RadarCursor(last.probability, last.lead_id, newest)
        return RadarPage(entries, self._summary(rows, facts), following)

    def get_all(
        self, organisation: str, wanted: RadarFilter
    ) -> "tuple[RadarSummary, Iterator[tuple[RadarEntry, ...]]]":
        """The summary of all that was asked for, and its leads in pieces, each read when it is asked for.

        Leads that are erased in the meantime are left out.

        Raises:
            Unavailable: if the database is away.
        """
        at = now()
        with self._database.transaction(organisation) as connection:
            repository = self._repository(connection, organisation, at)
            rows = repository.rank(wanted, repository.find_newest_score())
            facts = self._read_facts(connection, organisation, rows)
        return self._summary(rows, facts), self._pieces(organisation, rows, facts, at)

    def _pieces(
        self, organisation: str, rows: Sequence[RadarRow], facts: Sequence[ScoredFacts], at: datetime
    ) -> Iterator[tuple[RadarEntry, ...]]:
        for begin in range(0, len(rows), ROWS_AT_ONCE):
            end = begin + ROWS_AT_ONCE
            with self._database.transaction(organisation) as connection:
                details = self._repository(connection, organisation, at).get_details(rows[begin:end])
            yield self._entries(details, rows[begin:end], facts[begin:end], begin)

    def _repository(self, connection: Connection, organisation: str, at: datetime) -> RadarRepository:
        return RadarRepository(connection, organisation, self._target, at)

    def _read_facts(self, connection: Connection, organisation: str, rows: Sequence[RadarRow]) -> Sequence[ScoredFacts]:
        return self._facts.get(connection, organisation, [(row.lead_id, row.as_of) for row in rows])

    def _entries(
        self,
        details: Mapping[int, RadarDetails],
        rows: Sequence[RadarRow],
        facts: Sequence[ScoredFacts],
        begin: int,
    ) -> tuple[RadarEntry, ...]:
        return tuple(
            RadarEntry(
                rank=begin + place,
                score=found.score,
                fields=typed_fields(self._target, found.fields),
                known_since=row.known_since,
                attribution=_attribution(row, fact),
                coverage=self._coverage(fact),
            )
            for place, (row, fact) in enumerate(zip(rows, facts, strict=True), start=1)
            if (found := details.get(row.score_id)) is not None
        )

    def _coverage(self, facts: ScoredFacts) -> Coverage:
        names = self._facts.features
        bits = np.unpackbits(np.frombuffer(facts.given, np.uint8), count=len(names)) if facts.given else ()
        missing = tuple(name for name, given in zip(names, bits, strict=False) if not given)
        return Coverage(len(bits) - len(missing), len(names), missing)

    def _summary(self, rows: Sequence[RadarRow], facts: Sequence[ScoredFacts]) -> RadarSummary:
        newest = max(rows, key=lambda row: (row.as_of, row.recorded_at), default=None)
        segments = {name: by_segment(rows, place) for place, name in enumerate(self._target.segments)}
        names = self._facts.features
        shares = given_shares(facts, len(names)).tolist() if rows else []
        return RadarSummary(
            count=len(rows),
            expected=sum(row.probability for row in rows),
            attribution=attribute_all([_attribution(*each) for each in zip(rows, facts, strict=True)]),
            coverage=dict(zip(names, shares, strict=True)) if rows else {},
            cohorts={**segments, "grade": by_grade(rows), "age": by_age(rows)},
            model_version=newest and newest.model_version,
            as_of=newest and newest.as_of,
            scored_at=newest and newest.recorded_at,
        )


def _place(row: RadarRow) -> tuple[float, int]:
    """What rows are in the order of."""
    return -row.probability, row.lead_id


def _attribution(row: RadarRow, facts: ScoredFacts) -> Attribution:
    by_rules = row.model_version.startswith(RULES_PREFIX)
    return attribute(row.probability, row.base, facts.rules, by_rules=by_rules)
