"""Scores: of features that are sent, of stored leads, and what is behind one."""

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from leadwise.web.api.v2.shapes.records import LEAD
from leadwise.web.api.v2.shapes.words import Given, Instant, LeadName, Name, Told, example

_REASON = {"column": "Buyer replies, last 7 days", "sentence": "Replied 3 times this week", "contribution": 0.84}
_CHANGE = {
    "because": ["new_facts", "passing_time"],
    "columns": {"new_facts": ["Buyer replies, last 7 days"], "passing_time": ["Days since arrival"]},
    "by": {"new_facts": 0.84, "passing_time": -0.02},
    "before": 0.31,
}
SCORE_EXAMPLE = {
    "lead": LEAD,
    "target": "car_sold",
    "as_of": "2026-02-02T06:00:00Z",
    "recorded_at": "2026-02-02T06:00:03Z",
    "model_version": "72cf245e8871",
    "probability": 0.52,
    "value": None,
    "grade": "A",
    "action": "Call within the hour",
    "base": -1.2,
    "reasons": [_REASON],
    "inputs": "9f2c4b1d0e8a7755",
    "change": _CHANGE,
}
_PREDICTION = {
    "as_of": "2026-02-02T06:00:00Z",
    "model_version": "72cf245e8871",
    "by_rules": False,
    "probability": 0.8542,
    "probability_low": 0.79,
    "probability_high": 0.9,
    "value": None,
    "value_low": None,
    "value_high": None,
    "grade": "A",
    "action": "Call within the hour",
    "base": -1.2,
    "contributions": [{"column": "inbound_messages_count", "value": 5, "contribution": 1.9}],
    "missing": ["market_activity_score"],
    "unknown": [],
    "inputs": "9f2c4b1d0e8a7755",
}


class ScoreRequest(Given):
    """Features to be scored; nothing of them is stored but the score."""

    model_config = ConfigDict(
        json_schema_extra=example(
            target="converted", rows=[{"inbound_messages_count": 5, "response_time_minutes": 30, "has_property": 1}]
        )
    )

    target: Name
    rows: list[dict[str, float | bool | str | None]] = Field(
        description="Values by column. Columns that the model does not know are ignored, and named in `unknown`."
    )


class ColumnPart(Told):
    """One column's part in a prediction."""

    column: str
    value: float | bool | str | None
    contribution: float = Field(description="Its part of the log-odds (or of the value).")


class PredictionAnswer(Told):
    """What is predicted for one row; `base` and all contributions add up to the log-odds of the probability."""

    model_config = ConfigDict(json_schema_extra=example(**_PREDICTION))

    as_of: Instant
    model_version: str
    by_rules: bool = Field(description="Whether rules said it, because no model could.")
    probability: float | None
    probability_low: float | None = Field(
        description="Of such leads, the share that converts is between this and `probability_high` four times of five."
    )
    probability_high: float | None
    value: float | None
    value_low: float | None
    value_high: float | None
    grade: str | None
    action: str
    base: float
    contributions: list[ColumnPart] = Field(description="The strongest first.")
    missing: list[str] = Field(description="Columns that the model knows and were not sent.")
    unknown: list[str] = Field(description="Columns that were sent and the model does not know.")
    inputs: str = Field(description="A fingerprint of what was sent.")


class PredictionsAnswer(Told):
    """The predictions in the order of the rows."""

    model_config = ConfigDict(json_schema_extra=example(predictions=[_PREDICTION]))

    predictions: list[PredictionAnswer]


class ScoreLeadsRequest(Given):
    """Stored leads to be scored now."""

    model_config = ConfigDict(json_schema_extra=example(target="car_sold", leads=[LEAD]))

    target: Name
    leads: list[LeadName] = Field(min_length=1, max_length=1000)


class ReasonAnswer(Told):
    """One column's part in a score."""

    column: str
    sentence: str = Field(description="What sales staff read.")
    contribution: float


class ChangeAnswer(Told):
    """Why a score differs from the one before."""

    because: list[Literal["first", "new_facts", "passing_time", "new_model"]]
    columns: dict[str, list[str]] = Field(description="By cause, the columns that say something else than before.")
    by: dict[str, float] = Field(description="By cause, how much it moved the log-odds (or the value).")
    before: float | None = Field(description="The probability (or value) before.")


class ScoreAnswer(Told):
    """A lead's score, never changed; `base` and all contributions add up to its log-odds."""

    model_config = ConfigDict(json_schema_extra=example(**SCORE_EXAMPLE))

    lead: LeadName
    target: str
    as_of: Instant = Field(description="The instant for which it holds: only what was known then was used.")
    recorded_at: Instant = Field(description="When it was computed.")
    model_version: str
    probability: float | None
    value: float | None
    grade: str | None
    action: str
    base: float
    reasons: list[ReasonAnswer] = Field(description="The strongest first.")
    inputs: str | None = Field(description="A fingerprint of the features; null for older scores.")
    change: ChangeAnswer | None = Field(description="Null for older scores.")


class LeadScoresAnswer(Told):
    """The new scores, and which leads have none."""

    model_config = ConfigDict(
        json_schema_extra=example(
            scores=[SCORE_EXAMPLE],
            rejected=[{"lead": LEAD | {"external_id": "L-9"}, "reason": 'There is no lead "L-9" from "marketplace".'}],
        )
    )

    scores: list[ScoreAnswer]
    rejected: list["RejectedLead"]


class RejectedLead(Told):
    """A lead that was not scored, and why."""

    lead: LeadName
    reason: str


class Fact(Told):
    """An event, or what was said of a field."""

    occurred_at: Instant
    recorded_at: Instant
    kind: str = Field(description="The kind of event, or the field.")
    value: JsonValue = Field(description="What the field was said to hold, or the event's numbers.")


class ExplainedReason(ReasonAnswer):
    """A reason, and the facts that its column was made of."""

    facts: list[Fact] = Field(description="Oldest first; those that were visible as of the score's instant.")


class ExplanationAnswer(Told):
    """Why a lead's score is what it is, down to single events."""

    model_config = ConfigDict(
        json_schema_extra=example(
            score=SCORE_EXAMPLE,
            reasons=[
                _REASON
                | {
                    "facts": [
                        {
                            "occurred_at": "2026-02-01T09:30:00Z",
                            "recorded_at": "2026-02-01T09:30:02Z",
                            "kind": "message_received",
                            "value": None,
                        }
                    ]
                }
            ],
        )
    )

    score: ScoreAnswer
    reasons: list[ExplainedReason]
