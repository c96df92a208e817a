"""What is predicted for features that a caller gives: a score of a request, as against that of a stored lead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from leadwise.domain.card import Task


class Contribution(TypedDict):
    """One column's part in a prediction; a plain dict, because of a large request a hundred thousand are made.

    Its name; what the caller gave, as far as it may be kept (a number, yes or no, or a label that the model knows; else
    None); and its part of the log-odds (or of the value).
    """

    column: str
    value: float | bool | str | None
    contribution: float


@dataclass(slots=True)  # a frozen one takes thrice as long to make
class Prediction:
    """What a model, or rules, say of one row of features.

    Args:
        task: Conversion or value.
        as_of: The instant for which it holds.
        model_version: What said it.
        by_rules: Whether rules said it, because no model could.
        probability: 0 to 1; None for a value.
        probability_low: Of such leads, the share that converts lies between this and `probability_high` four times of
            five; None where that is not known.
        probability_high: See there.
        value: Predicted amount; None for a conversion.
        value_low: With `value_high`, holds four of five customers; None where that is not known.
        value_high: See there.
        grade: A to D; None for a value.
        action: What to do next.
        base: Where it starts, in log-odds (or value): with all contributions it adds up to the score.
        contributions: Of all columns that change something, the strongest first.
        missing: Columns that the model knows and the caller did not give.
        unknown: Names that the caller gave and the model does not know.
        inputs: A fingerprint of what went in.
    """

    task: Task
    as_of: datetime
    model_version: str
    by_rules: bool
    probability: float | None
    probability_low: float | None
    probability_high: float | None
    value: float | None
    value_low: float | None
    value_high: float | None
    grade: str | None
    action: str
    base: float
    contributions: Sequence[Contribution]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    inputs: str
