"""The report's charts, each with the sentence and the table that tell the same.

The charts themselves are imported when the first one is drawn: they cost a second.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from leadwise.domain.card import GainPoint, ModelCard, ReliabilityBand, RocPoint, SegmentCalibration, Task
from leadwise.web import words
from leadwise.web.components.tables import Figure, Table, tabulate
from leadwise.web.components.verdict import captured_at

_DEPTHS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_MOST_POINTS = 200
_Point = TypeVar("_Point")
_ROC_ROWS = 12


def reliability_figure(bands: Sequence[ReliabilityBand]) -> Figure | None:
    """Predicted against observed; None without bands."""
    told = [band for band in bands if band.count]
    if not told:
        return None
    from leadwise.web.components import charts  # noqa: PLC0415 - costs a second

    inside = sum(band.observed_interval[0] <= band.predicted <= band.observed_interval[1] for band in told)
    sentence = (
        f"In {inside} of {words.count(len(told), 'band')} of probability, the prediction lies inside the 95% interval"
        " of what was observed."
    )
    svg = charts.draw_reliability(told, f"Reliability curve. {sentence}")
    return Figure("Predicted against observed", sentence, svg, _reliability_table(told))


def segment_table(segments: Sequence[SegmentCalibration]) -> Table:
    """What became of leads by segment, in the card's order."""
    rows = [
        (
            f"{segment.column}: {segment.value}",
            segment.sentence,
            f"{segment.expected / segment.count:.1%}",
            f"{segment.converted / segment.count:.1%}",
            f"{segment.observed_interval[0]:.1%} to {segment.observed_interval[1]:.1%}",
            "" if segment.log_loss is None else f"{segment.log_loss:.4f}",
            "contradicts its probabilities" if segment.contradicts else "within chance",
        )
        for segment in segments
    ]
    headings = ["Leads with", "What became of them", "Expected", "Observed", "95% interval", "Log loss", "Verdict"]
    return tabulate("What became of leads by segment", headings, rows, numeric=range(2, 6))


def gain_figures(card: ModelCard) -> tuple[Figure, ...]:
    """Gain and lift; none without a gain curve."""
    points = _thinned(sorted(card.gain, key=lambda point: point.share))
    if not points:
        return ()
    from leadwise.web.components import charts  # noqa: PLC0415 - costs a second

    what = "conversions" if card.task is Task.CONVERSION else "all value"
    reached = f"Share of {what} reached"
    fifth, half = captured_at(points, 0.2), captured_at(points, 0.5)
    gained = f"The best fifth holds {words.percent(fifth)} of {what}, the best half {words.percent(half)}."
    lifted = f"The best tenth is {words.times((captured_at(points, 0.1) or 0) / 0.1)} as good as any tenth."
    table = _gain_table(points, what)
    return (
        Figure("Gain", gained, charts.draw_gain(points, f"Gain curve. {gained}", reached), table),
        Figure("Lift", lifted, charts.draw_lift(points, f"Lift curve. {lifted}"), table),
    )


def roc_figure(card: ModelCard) -> Figure | None:
    """The ROC curve; None without one."""
    points = _thinned(sorted(card.roc, key=lambda point: (point.false_positive_rate, point.true_positive_rate)))
    if not points:
        return None
    from leadwise.web.components import charts  # noqa: PLC0415 - costs a second

    area = words.number(getattr(card.test, "roc_auc", None))
    sentence = f"The area under the curve is {area}; guessing gives 0.5."
    return Figure("ROC", sentence, charts.draw_roc(points, f"ROC curve. {sentence}"), _roc_table(points))


def _reliability_table(bands: Iterable[ReliabilityBand]) -> Table:
    rows = [
        (
            f"{words.percent(band.low)} to {words.percent(band.high)}",
            f"{band.count:,}",
            f"{band.predicted:.1%}",
            f"{band.observed:.1%}",
            f"{band.observed_interval[0]:.1%} to {band.observed_interval[1]:.1%}",
        )
        for band in bands
    ]
    headings = ["Scored", "Leads", "Predicted", "Observed", "95% interval"]
    return tabulate("What became of leads by their probability", headings, rows, numeric=range(1, 5))


def _gain_table(points: Sequence[GainPoint], what: str) -> Table:
    reached = [(depth, captured_at(points, depth) or 0.0) for depth in _DEPTHS]
    rows = [
        (words.percent(depth), words.percent(captured), words.times(captured / depth)) for depth, captured in reached
    ]
    caption = f"What calling the best-scored leads first reaches of {what}"
    return tabulate(caption, ["Called", "Reached", "Lift"], rows, numeric=[1, 2])


def _roc_table(points: Sequence[RocPoint]) -> Table:
    step = max(1, len(points) // _ROC_ROWS)
    rows = [
        (f"{point.false_positive_rate:.1%}", f"{point.true_positive_rate:.1%}")
        for point in dict.fromkeys([*points[::step], points[-1]])
    ]
    headings = ["False positive rate", "True positive rate"]
    return tabulate("Points of the ROC curve", headings, rows[:15], numeric=[0, 1])


def _thinned(points: Sequence[_Point]) -> list[_Point]:
    step = max(1, -(-len(points) // _MOST_POINTS))
    return [*points[::step], *points[-1:]] if step > 1 else list(points)
