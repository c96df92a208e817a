"""What the demo's pages read: the worklist and the active model's card, both from the store."""

from collections import Counter

from leadwise.actions.worklist import Worklist, WorklistEntry, WorklistPage, WorklistQuery
from leadwise.app.demo import ORGANISATION
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.card import ModelCard
from leadwise.registry.versions import ModelVersions, NoActiveModelError
from leadwise.store.database import Database
from leadwise.web.sources import GradeCount, LeadList, LeadQuery, LeadRow, SegmentChoice, Sources

TITLE = "Simulated dealership"
MOST_VALUES = 200
"""So many values of a segment are offered at most."""
NAME, SUBJECT = "name", "vehicle"
"""The fields of the blueprint that say who a lead is and what it is about."""


def demo_worklist(database: Database, blueprint: Blueprint) -> Worklist:
    """The open leads of the simulated dealership."""
    return Worklist(database, blueprint.target, organisation=ORGANISATION, name_field=NAME, subject_field=SUBJECT)


def demo_sources(database: Database, blueprint: Blueprint) -> Sources:
    """All that the web application needs to show the demo."""
    cards = ActiveCard(database, blueprint.target.name)
    return Sources(RankedLeads(demo_worklist(database, blueprint), blueprint, cards), cards)


class ActiveCard:
    """The card of the model that scores the demo's leads."""

    def __init__(self, database: Database, target: str) -> None:
        self._database = database
        self._target = target

    def get_card(self) -> ModelCard:
        """The card.

        Raises:
            NoActiveModelError: if no model is active.
        """
        with self._database.transaction() as connection:
            card = ModelVersions(connection, self._target, ORGANISATION).find_active_card()
        if card is None:
            raise NoActiveModelError(self._target)
        return card


class RankedLeads:
    """The worklist in the words of the page."""

    def __init__(self, worklist: Worklist, blueprint: Blueprint, cards: ActiveCard) -> None:
        self._worklist = worklist
        self._target_title = blueprint.target.title
        self._titles = {field.name: field.title for field in blueprint.target.fields}
        self._cards = cards

    def list_leads(self, query: LeadQuery) -> LeadList:
        """One page of the ranked leads; a page past the end has no rows."""
        card = self._cards.get_card()
        page = self._worklist.list_page(_asked(query))
        return LeadList(
            rows=tuple(_row(entry) for entry in page.entries),
            total=page.total,
            organisation=TITLE,
            target_title=self._target_title,
            subject_title=self._titles[SUBJECT],
            model_version=page.model_version,
            scored_at=page.scored_at,
            base_rate=card.data.base_rate,
            simulated=True,
            grades=_grades(page, card),
            segments=tuple(_choice(self._titles[name], name, count) for name, count in page.values.items()),
        )


def _asked(query: LeadQuery) -> WorklistQuery:
    return WorklistQuery(query.limit, query.offset, query.grade, query.search, query.segments)


def _choice(title: str, name: str, count: Counter[str]) -> SegmentChoice:
    shown = sorted((value for value, _ in count.most_common(MOST_VALUES)), key=str.casefold)
    return SegmentChoice(name, title, tuple(shown), len(count) - len(shown))


def _row(entry: WorklistEntry) -> LeadRow:
    score = entry.score
    assert score.probability is not None, "the demo's model predicts conversion"
    return LeadRow(
        lead_key=":".join(score.lead),
        name=entry.name,
        subject=entry.subject,
        probability=score.probability,
        grade=score.grade or "",
        reasons=score.reasons,
        action=score.action,
        arrived_at=entry.arrived_at,
        source=score.lead[0],
    )


def _grades(page: WorklistPage, card: ModelCard) -> tuple[GradeCount, ...]:
    return tuple(GradeCount(grade.grade, page.by_grade.get(grade.grade, 0), grade.observed) for grade in card.grades)
