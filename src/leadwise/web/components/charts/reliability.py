"""Reliability: whether leads scored 30% convert 30 times of 100."""

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from leadwise.domain.card import ReliabilityBand
from leadwise.web.components.charts.drawing import ACCENT, FAINT, HEIGHT, WIDTH, draw, records


def draw_reliability(bands: Sequence[ReliabilityBand], label: str) -> Markup:
    """Predicted against observed with 95% intervals; on the dashed line both are equal."""
    told = [_record(band) for band in bands if band.count]
    x = alt.X("x:Q").scale(domain=[0, 1]).axis(format=".0%", tickCount=5).title("Predicted probability")
    y = alt.Y("y:Q").scale(domain=[0, 1]).axis(format=".0%", tickCount=5).title("Share that converted")
    equal = alt.Chart(records([{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(color=FAINT, strokeDash=[4, 4])
    intervals = alt.Chart(records(told)).mark_rule(color=ACCENT, strokeWidth=1.5).encode(x=x, y="low:Q", y2="high:Q")
    means = alt.Chart(records(told)).mark_point(color=ACCENT, fill=ACCENT, size=45, opacity=1).encode(x=x, y=y)
    layers = alt.layer(equal.encode(x=x, y=y), intervals, means)
    return draw(layers.properties(width=WIDTH, height=HEIGHT), label)


def _record(band: ReliabilityBand) -> dict[str, float]:
    low, high = band.observed_interval
    return {"x": band.predicted, "y": band.observed, "low": low, "high": high}
