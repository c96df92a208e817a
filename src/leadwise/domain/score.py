"""A score: what is predicted for one lead, as of an instant, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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


class Cause(StrEnum):
    """Why a lead's score differs from the one before."""

    FIRST = "first"
    """There was none before."""
    NEW_FACTS = "new_facts"
    """Something was learnt of the lead."""
    PASSING_TIME = "passing_time"
    """The same facts are older now."""
    NEW_MODEL = "new_model"
    """Another model gave it."""


@dataclass(frozen=True)
class Change:
    """Why a lead's score differs from the one before.

    Args:
        because: The causes; none where nothing differs.
        columns: The columns that say something else than before, by cause: of new facts and of passing time. With a
            new model, passing time is not told apart from it.
        by: How much each cause moved the log-odds (or the value).
        before: The probability (or value) before; None where there was none.
    """

    because: tuple[Cause, ...]
    columns: Mapping[Cause, tuple[str, ...]] = field(default_factory=dict)
    by: Mapping[Cause, float] = field(default_factory=dict)
    before: float | None = None


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
        inputs: A fingerprint of the features that it was computed from; None where that was not kept.
        change: Why it differs from the one before; None where that was not looked into.
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
    inputs: str | None = None
    change: Change | None = None
