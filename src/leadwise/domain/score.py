"""A score: what is predicted for one lead, as of an instant, and why."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Reason:
    """One column's part in a score.

    Args:
        column: The table column or feature that it is about.
        sentence: What sales staff read ("Replied 3 times this week").
        contribution: Its part of the log-odds (or of the value): positive raises the score.
    """

    column: str
    sentence: str
    contribution: float


@dataclass(frozen=True)
class Score:
    """A stored score. Never overwritten: a new one is added.

    Args:
        lead: The lead's (source, external_id).
        target: What is predicted ("car_sold").
        as_of: The instant for which it holds: only facts visible then were used.
        recorded_at: When it was computed.
        model_version: The model that gave it.
        probability: 0 to 1; None for a value model.
        value: Predicted worth; None for a conversion model.
        grade: A to D; None for a value model.
        action: What to do next.
        base: Where the score starts, in log-odds (or value): base plus all contributions is the score.
        reasons: The strongest first.
    """

    lead: tuple[str, str]
    target: str
    as_of: datetime
    recorded_at: datetime
    model_version: str
    probability: float | None
    value: float | None
    grade: str | None
    action: str
    base: float
    reasons: tuple[Reason, ...]
