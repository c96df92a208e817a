"""Gain and lift: what calling the best-scored leads first brings."""

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from leadwise.domain.card import GainPoint
from leadwise.web.components.charts.drawing import ACCENT, FAINT, HEIGHT, WIDTH, draw, records

_CALLED = "Share of leads called, best first"


def draw_gain(points: Sequence[GainPoint], label: str, reached: str) -> Markup:
    """How much is reached by calling so many; the dashed line is calling in any order."""
    curve = [{"x": 0.0, "y": 0.0}, *({"x": point.share, "y": point.captured} for point in points)]
    line = alt.Chart(records(curve)).mark_line(color=ACCENT, strokeWidth=2.5)
    chance = alt.Chart(records([{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(color=FAINT, strokeDash=[4, 4])
    x = alt.X("x:Q").scale(domain=[0, 1]).axis(format=".0%", tickCount=5).title(_CALLED)
    y = alt.Y("y:Q").scale(domain=[0, 1]).axis(format=".0%", tickCount=5).title(reached)
    return draw(_sized(alt.layer(chance, line).encode(x=x, y=y)), label)


def draw_lift(points: Sequence[GainPoint], label: str) -> Markup:
    """How many times better than calling in any order; the dashed line is once."""
    curve = [{"x": point.share, "y": point.lift} for point in points if point.share > 0]
    line = alt.Chart(records(curve)).mark_line(color=ACCENT, strokeWidth=2.5)
    chance = alt.Chart(records([{"x": 0, "y": 1}, {"x": 1, "y": 1}])).mark_line(color=FAINT, strokeDash=[4, 4])
    x = alt.X("x:Q").scale(domain=[0, 1]).axis(format=".0%", tickCount=5).title(_CALLED)
    y = alt.Y("y:Q").scale(zero=True).axis(tickCount=5).title("Times better than any order")
    return draw(_sized(alt.layer(chance, line).encode(x=x, y=y)), label)


def _sized(chart: alt.LayerChart) -> alt.LayerChart:
    return chart.properties(width=WIDTH, height=HEIGHT)
