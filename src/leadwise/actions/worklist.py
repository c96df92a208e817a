"""The worklist: the open leads in the order in which to work on them, one page at a time, read from the store."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from leadwise.domain.clock import now
from leadwise.domain.score import Score
from leadwise.domain.segments import read_segments
from leadwise.domain.target import Target
from leadwise.store.database import Database
from leadwise.store.ranking import RankedOpenLead, RankingFilter, RankingRepository
from leadwise.store.segments import SegmentRepository
from leadwise.store.tables import DEFAULT_ORGANISATION


@dataclass(frozen=True)
class WorklistQuery:
    """Which leads are asked for.

    Args:
        limit: Leads on a page.
        offset: How many leads stand before the page.
        grade: Only this grade; None for all.
        search: Part of a name, in any case; empty for all.
        segments: Only leads of these, each as NAME=VALUE.
    """

    limit: int
    offset: int = 0
    grade: str | None = None
    search: str = ""
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorklistEntry:
    """One open lead.

    Args:
        name: Who may buy; the lead's identifier where no name is known.
        subject: What it is about; empty where that is not known.
        arrived_at: When it came in.
        score: Its newest score.
    """

    name: str
    subject: str
    arrived_at: datetime
    score: Score


@dataclass(frozen=True)
class WorklistPage:
    """One page of the worklist.

    Args:
        entries: The likeliest first.
        total: How many leads answer the query on all pages.
        by_grade: How many leads answer the rest of the query, for each grade that occurs, whatever grade was asked for.
        values: By segment of the target, the values that leads have, and how many leads.
        scored_at: When scores were computed last; None before the first time.
        model_version: The model that computed them; empty before the first time.
    """

    entries: tuple[WorklistEntry, ...]
    total: int
    by_grade: dict[str, int]
    values: Mapping[str, Counter[str]]
    scored_at: datetime | None
    model_version: str


class Worklist:
    """The open leads of one organisation, ranked for one target.

    Args:
        database: Where the scores are.
        target: What is predicted; it says how long a lead is open.
        organisation: Whose leads they are.
        name_field: The field of a lead that says who it is.
        subject_field: The field that says what it is about.
    """

    def __init__(
        self,
        database: Database,
        target: Target,
        *,
        organisation: str = DEFAULT_ORGANISATION,
        name_field: str,
        subject_field: str,
    ) -> None:
        self._database = database
        self._target = target
        self._organisation = organisation
        self._name_field = name_field
        self._subject_field = subject_field

    def list_page(self, query: WorklistQuery) -> WorklistPage:
        """One page of the leads that are open now; a page past the end is empty.

        Raises:
            UnknownSegmentError, UnknownSegmentValueError, SegmentUnreadableError: if there is no such segment.
            Unavailable: if the database is away.
        """
        segments, as_of = read_segments(self._target, query.segments), now()
        with self._database.transaction() as connection:
            known = SegmentRepository(connection, self._organisation, self._target)
            leads = known.find_leads(segments) if segments else None
            wanted = RankingFilter(self._name_field, query.search, query.grade, leads)
            ranking = RankingRepository(connection, self._organisation, self._target, as_of=as_of)
            values = known.count_values()
            ranked = ranking.rank(wanted, query.limit, query.offset)
            latest = ranking.find_latest_scoring()
        return WorklistPage(
            entries=tuple(map(self._entry, ranked.leads)),
            total=sum(ranked.by_grade.values()) if query.grade is None else ranked.by_grade.get(query.grade, 0),
            by_grade=ranked.by_grade,
            values=values,
            scored_at=latest.recorded_at if latest else None,
            model_version=latest.model_version if latest else "",
        )

    def _entry(self, ranked: RankedOpenLead) -> WorklistEntry:
        lead = ranked.lead
        name, subject = lead.fields.get(self._name_field), lead.fields.get(self._subject_field)
        return WorklistEntry(str(name or lead.external_id), str(subject or ""), lead.occurred_at, ranked.score)
