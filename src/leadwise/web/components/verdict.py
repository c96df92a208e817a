"""How good a model is, in words that a sales manager can use."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from leadwise.domain.card import ConversionMetrics, GainPoint, ModelCard, ValueMetrics
from leadwise.web import words

_BEST_FIFTH = 0.2
_COIN = 0.5
_UNTESTED = "How good it is cannot be told from this test"
_TOO_GOOD = 0.995
_PROMISED_COVERAGE = 0.8
_STEPS = (
    (0.6, "Hardly better than chance"),
    (0.7, "A weak model, better than no order"),
    (0.8, "A useful model"),
    (0.9, "A good model"),
    (_TOO_GOOD, "A very good model"),
)
_VALUE_STEPS = (
    (0.1, "It can hardly tell large customers from small ones"),
    (0.3, "A weak ranking of customers by worth"),
    (0.5, "A useful ranking of customers by worth"),
    (0.7, "A good ranking of customers by worth"),
)


@dataclass(frozen=True)
class KeyFigure:
    """One number to remember."""

    value: Annotated[str, "The number."]
    meaning: Annotated[str, "What it counts."]


@dataclass(frozen=True)
class Verdict:
    """How good the model is."""

    headline: Annotated[str, "The judgement in a few words."]
    sentence: Annotated[str, "What following the model brings."]
    figures: Annotated[tuple[KeyFigure, ...], "The numbers behind it."]


def judge(card: ModelCard) -> Verdict:
    """The verdict on the card's test result."""
    if isinstance(card.test, ValueMetrics):
        return _judge_value(card, card.test)
    return _judge_conversion(card, card.test)


def captured_at(points: Sequence[GainPoint], share: float) -> float | None:
    """What calling the best `share` reaches, read between the points of the curve; None without a curve.

    >>> points = (GainPoint(share=0.1, captured=0.4, lift=4), GainPoint(share=0.3, captured=0.6, lift=2))
    >>> captured_at(points, 0.2), captured_at(points, 0.05), captured_at((), 0.2)
    (0.5, 0.2, None)
    """
    if not points:
        return None
    curve = [(0.0, 0.0), *sorted((point.share, point.captured) for point in points)]
    for (left, low), (right, high) in pairwise(curve):
        if left <= share <= right and right > left:
            return round(low + (high - low) * (share - left) / (right - left), 12)
    return curve[-1][1]


def _judge_conversion(card: ModelCard, test: ConversionMetrics) -> Verdict:
    captured = captured_at(card.gain, _BEST_FIFTH)
    if captured is None and test.lift_at_20 is not None:
        captured = min(1.0, test.lift_at_20 * _BEST_FIFTH)
    if captured is None or test.roc_auc is None:
        return Verdict(_UNTESTED, "The test rows all ended alike, so they cannot tell good leads from bad ones.", ())
    reached = words.about(captured).removeprefix("about ")
    sentence = f"Calling the best fifth of leads reaches {reached} who convert; in any order it would be 2 of 10."
    return Verdict(
        _conversion_headline(card, test, test.roc_auc),
        sentence,
        tuple(_conversion_figures(card, captured, test.roc_auc)),
    )


def _conversion_headline(card: ModelCard, test: ConversionMetrics, roc_auc: float) -> str:
    low, _ = test.intervals.get("roc_auc", (roc_auc, roc_auc))
    if low <= _COIN:
        return "No better than chance, as far as the test can tell"
    told = next((words for below, words in _STEPS if roc_auc < below), "Almost too good to be true")
    failed = card.calibration and not card.calibration.passed
    return f"{told}, for its order only" if failed else told


def _conversion_figures(card: ModelCard, captured: float, roc_auc: float) -> list[KeyFigure]:
    told = f"of those who convert are in the best fifth, {words.times(captured / _BEST_FIFTH)} what chance would bring"
    pairs = "of 100 times, it puts the lead that converts before the one that does not"
    figures = [KeyFigure(words.percent(captured), told), KeyFigure(f"{100 * roc_auc:.0f}", pairs)]
    if card.data.base_rate is not None:
        usual = f"of all leads convert: {words.about(card.data.base_rate)}"
        figures.insert(0, KeyFigure(words.percent(card.data.base_rate), usual))
    return figures


def _judge_value(card: ModelCard, test: ValueMetrics) -> Verdict:
    captured = captured_at(card.gain, _BEST_FIFTH)
    if captured is None:
        sentence = f"A predicted value is off by {words.number(test.mae)} on average."
    else:
        reached = words.percent(captured)
        sentence = f"The best fifth by predicted value brings {reached} of all value; in any order it would be 20%."
    return Verdict(_value_headline(test), sentence, tuple(_value_figures(card, test)))


def _value_headline(test: ValueMetrics) -> str:
    correlation = test.rank_correlation
    if correlation is None:
        return _UNTESTED
    low, _ = test.intervals.get("rank_correlation", (correlation, correlation))
    if low <= 0:
        return "No better than chance, as far as the test can tell"
    ranked = (words for below, words in _VALUE_STEPS if correlation < below)
    return next(ranked, "A very good ranking of customers by worth")


def _value_figures(card: ModelCard, test: ValueMetrics) -> list[KeyFigure]:
    mean = card.data.mean_value
    usual = f", where the mean value is {words.number(mean)}" if mean is not None else ""
    covered = f"of true values lie in the range given; {words.percent(_PROMISED_COVERAGE)} is promised"
    explained = (
        KeyFigure(words.percent(test.r2), "of the differences between customers are explained")
        if test.r2 is not None and test.r2 > 0
        else KeyFigure("None", "of the differences is explained: always saying the mean would be as close")
    )
    return [
        KeyFigure(words.number(test.mae), f"is the mean error{usual}"),
        explained,
        KeyFigure(words.percent(test.interval_coverage), covered),
    ]
