"""A stored score down to the single facts behind each of its reasons."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection

from leadwise.app.lead_features import facts_behind
from leadwise.app.service.native.score_answers import score_answer
from leadwise.domain.errors import Missing
from leadwise.domain.history import microseconds
from leadwise.domain.target import Target
from leadwise.features.evidence import evidence
from leadwise.scoring.lead_history import read_leads
from leadwise.store.listing import LeadName, Listing
from leadwise.store.score_pages import ScorePages
from leadwise.web.api.v2.shapes.scores import ExplainedReason, ExplanationAnswer
from leadwise.web.api.v2.shapes.scores import Fact as FactAnswer


class NotScoredError(Missing):
    """The lead has no score, or had none then."""

    code = "not_scored"

    def __init__(self, lead: LeadName, target: str) -> None:
        self.lead, self.target = lead, target
        super().__init__(
            f'The lead "{lead[1]}" from "{lead[0]}" has no score for {target!r} at that instant; score it first '
            "(POST /api/v2/scores/leads)."
        )


def explain(
    connection: Connection, organisation: str, target: Target, lead: LeadName, as_of: datetime | None
) -> ExplanationAnswer:
    """The score of a lead that was in force at an instant, or is now, with the facts behind its reasons.

    Raises:
        LeadNotFoundError: if there is no such lead.
        NotScoredError: if it had no score.
    """
    Listing(connection, organisation).get_lead(lead)
    found = ScorePages(connection, organisation, target.name).list_history(lead, 1, as_of=as_of)
    if not found:
        raise NotScoredError(lead, target.name)
    score, number = found[0].score, found[0].lead_id
    as_of_score = microseconds(score.as_of)
    history = read_leads(connection, organisation, target, [number], [as_of_score])
    facts = facts_behind(target, history, evidence(target, history, number, as_of_score))
    return ExplanationAnswer(
        score=score_answer(score),
        reasons=[
            ExplainedReason(
                **asdict(reason), facts=[FactAnswer(**fact.model_dump()) for fact in facts.get(reason.column, [])]
            )
            for reason in score.reasons
        ],
    )
