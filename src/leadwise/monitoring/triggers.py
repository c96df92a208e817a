"""What speaks for training a model again: it does worse, much is new, it is old, inputs moved, somebody wants it."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from leadwise.domain.card import ConversionMetrics, ModelCard

OLD_DAYS = 90
NEW_SHARE, FEWEST_NEW = 0.2, 50
"""So many outcomes, as a share of those learnt from and at least, are worth learning from anew."""


class Trigger(BaseModel):
    """One ground for training again.

    `state` is "unknown" where nothing can be said of it, and the sentence says why.
    """

    name: Literal["performance", "volume", "time", "drift", "manual"]
    state: Literal["fired", "quiet", "unknown", "available"]
    sentence: str


def of_performance(card: ModelCard) -> Trigger:
    """Whether the model did worse on the leads held back for the test than on those before, beyond chance."""
    name = "roc_auc" if isinstance(card.test, ConversionMetrics) else "r2"
    before = (card.leaderboard[0].model_extra or {}).get(name)
    after: float | None = getattr(card.test, name)
    interval = card.test.intervals.get(name)
    if before is None or after is None or interval is None:
        return Trigger(name="performance", state="unknown", sentence="There were too few outcomes to hold any back.")
    fell = interval[1] < before
    sentence = f"{name} was {before:.3f} in cross-validation and {after:.3f} on the leads held back"
    sentence += ", which is worse beyond chance." if fell else ", within chance."
    return Trigger(name="performance", state="fired" if fell else "quiet", sentence=sentence)


def of_volume(new: int | None, learnt_from: int) -> Trigger:
    """Whether much became known since.

    >>> of_volume(300, 1000).state, of_volume(3, 10).state, of_volume(None, 10).state
    ('fired', 'quiet', 'unknown')
    """
    if new is None:
        sentence = "The model was learnt from rows of a request, so what became known since is not known here."
        return Trigger(name="volume", state="unknown", sentence=sentence)
    enough = max(FEWEST_NEW, round(NEW_SHARE * learnt_from))
    sentence = f"{new:,} outcomes became known since; from {enough:,} on it is worth training again."
    return Trigger(name="volume", state="fired" if new >= enough else "quiet", sentence=sentence)


def of_time(trained_at: datetime, now: datetime) -> Trigger:
    """Whether the model is old."""
    age = now - trained_at
    sentence = f"It was trained {age / timedelta(days=1):.0f} days ago; after {OLD_DAYS} it is old."
    return Trigger(name="time", state="fired" if age >= timedelta(days=OLD_DAYS) else "quiet", sentence=sentence)


def of_drift(judged: str, rows: int, psi: float | None) -> Trigger:
    """Whether inputs or scores have moved a lot since.

    >>> of_drift("moved a lot", 500, 0.4).state, of_drift("too few rows", 3, None).state
    ('fired', 'unknown')
    """
    if psi is None or judged == "too few rows":
        sentence = f"{rows:,} predictions of this version are on record, too few to tell."
        return Trigger(name="drift", state="unknown", sentence=sentence)
    sentence = f"Of {rows:,} recent predictions, the population stability index is {psi:.2f} at most."
    return Trigger(name="drift", state="fired" if judged == "moved a lot" else "quiet", sentence=sentence)


def by_hand(how: str) -> Trigger:
    """Training because somebody wants it."""
    return Trigger(name="manual", state="available", sentence=f"{how} trains it again at any time.")
