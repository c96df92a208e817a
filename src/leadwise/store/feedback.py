"""What people say of scores: whether they were right, and why not. Appended, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, insert, select

from leadwise.domain.errors import Missing
from leadwise.store import tables
from leadwise.store.cleaning import cleaned_text
from leadwise.store.errors import LeadNotFoundError
from leadwise.store.listing import ANY_LEAD, LeadName, OfLead


class FeedbackNotFoundError(Missing):
    """The organisation has no such feedback."""

    code = "feedback_not_found"

    def __init__(self, feedback_id: int) -> None:
        self.feedback_id = feedback_id
        super().__init__(f"There is no feedback {feedback_id}; list the feedback to see which there is.")


@dataclass(frozen=True)
class Feedback:
    """What somebody said of a lead's score.

    Args:
        id: Later ones have higher ones.
        lead: The lead's (source, external_id).
        target: What was predicted.
        verdict: Whether the score was right, in a word.
        comment: Why, in their words; may be empty.
        given_by: Who said it.
        recorded_at: When.
    """

    id: int
    lead: LeadName
    target: str
    verdict: str
    comment: str
    given_by: str
    recorded_at: datetime


class FeedbackRepository:
    """The feedback on scores of one organisation's leads."""

    def __init__(self, connection: Connection, organisation: str) -> None:
        self._connection = connection
        self._organisation = organisation

    def add(self, lead: LeadName, target: str, verdict: str, comment: str, given_by: str) -> Feedback:
        """Put feedback on record.

        Raises:
            LeadNotFoundError: if there is no such lead.
        """
        leads = tables.leads.c
        named = leads.organisation_id == self._organisation, leads.source == lead[0], leads.external_id == lead[1]
        number = self._connection.scalar(select(leads.id).where(*named))
        if number is None:
            raise LeadNotFoundError(*lead)
        row = {"lead_id": number, "target": target, "verdict": verdict, "comment": cleaned_text(comment)}
        query = insert(tables.feedback).values(organisation_id=self._organisation, given_by=given_by, **row)
        return self.get(self._connection.scalar(query.returning(tables.feedback.c.id)) or 0)

    def get(self, feedback_id: int) -> Feedback:
        """One feedback.

        Raises:
            FeedbackNotFoundError: if the organisation has none of this id.
        """
        row = self._connection.execute(self._all().where(tables.feedback.c.id == feedback_id)).mappings().one_or_none()
        if row is None:
            raise FeedbackNotFoundError(feedback_id)
        return _feedback_of(row)

    def list(
        self, limit: int, after: int | None = None, *, target: str | None = None, lead: OfLead = ANY_LEAD
    ) -> Sequence[Feedback]:
        """Feedback, the newest first.

        Args:
            limit: How many at most.
            after: The id of the last one that was seen; None: from the newest on.
            target: Only on scores for this; None: for any.
            lead: Only on such leads'.
        """
        query = self._all().order_by(tables.feedback.c.id.desc()).limit(limit)
        if after is not None:
            query = query.where(tables.feedback.c.id < after)
        if target is not None:
            query = query.where(tables.feedback.c.target == target)
        for column, wanted in zip((tables.leads.c.source, tables.leads.c.external_id), lead, strict=True):
            if wanted is not None:
                query = query.where(column == wanted)
        return [_feedback_of(row) for row in self._connection.execute(query).mappings()]

    def _all(self) -> Select[Any]:
        leads = tables.leads.c
        named = leads.source.label("lead_source"), leads.external_id.label("lead_external_id")
        query = select(tables.feedback, *named).join(tables.leads, leads.id == tables.feedback.c.lead_id)
        return query.where(tables.feedback.c.organisation_id == self._organisation)


def _feedback_of(row: RowMapping) -> Feedback:
    return Feedback(
        id=row["id"],
        lead=(row["lead_source"], row["lead_external_id"]),
        target=row["target"],
        verdict=row["verdict"],
        comment=row["comment"],
        given_by=row["given_by"],
        recorded_at=row["recorded_at"],
    )
