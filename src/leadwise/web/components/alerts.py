"""What a reader must know before believing anything else in a report."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from leadwise.domain.card import ConversionMetrics, ModelCard
from leadwise.domain.column import ColumnUse, Leak
from leadwise.web import words

_TOO_GOOD = 0.995
_NAMED = 5


@dataclass(frozen=True)
class Alert:
    """A warning above the verdict."""

    title: Annotated[str, "What is wrong, in a few words."]
    sentence: Annotated[str, "What follows from it, and what to do."]


def find_alerts(card: ModelCard) -> tuple[Alert, ...]:
    """All warnings of a card, the gravest first."""
    return tuple(_alerts(card))


def _alerts(card: ModelCard) -> Iterator[Alert]:
    if card.calibration and not card.calibration.passed:
        follows = "Use the order of the leads, not the percentages, until the model is fitted on newer or more leads."
        yield Alert("The percentages of this model did not hold in the test", f"{card.calibration.sentence} {follows}")
    if isinstance(card.test, ConversionMetrics) and (card.test.roc_auc or 0) >= _TOO_GOOD:
        follows = "Ask of each of the strongest columns whether it was known before the outcome; leave it out if not."
        yield Alert("Almost perfect results mostly mean that a column gives the outcome away", follows)
    kept = [column.name for column in card.columns if column.leak is Leak.LEAK and column.use is ColumnUse.FEATURE]
    if kept:
        follows = "The leak check leaves out such columns. If filled after the outcome, expect worse in real use."
        yield Alert(f"Kept against the leak check: {_named(kept)}", follows)
    for warning in card.warnings:
        yield Alert("", warning)


def _named(names: list[str]) -> str:
    more = len(names) - _NAMED
    shown = [name if len(name) <= 60 else f"{name[:59]}…" for name in names[:_NAMED]]  # noqa: PLR2004 - letters
    return words.listed([*shown, f"{words.count(more, 'more column')}"] if more > 0 else shown)
