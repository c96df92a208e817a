"""The ROC curve: what is found against what is called in vain."""

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from leadwise.domain.card import RocPoint
from leadwise.web.components.charts.drawing import ACCENT, FAINT, HEIGHT, WIDTH, draw, records


def draw_roc(points: Sequence[RocPoint], label: str) -> Markup:
    """True against false positive rate; the dashed line is guessing."""
    curve = [{"x": point.false_positive_rate, "y": point.true_positive_rate} for point in points]
    line = alt.Chart(records(curve)).mark_line(color=ACCENT, strokeWidth=2.5).encode(order="x:Q")
    chance = alt.Chart(records([{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(color=FAINT, strokeDash=[4, 4])
    x = alt.X("x:Q").scale(domain=[0, 1]).axis(format=".0%", tickCount=5).title("False positive rate")
    y = alt.Y("y:Q").scale(domain=[0, 1]).axis(format=".0%", tickCount=5).title("True positive rate")
    layers = alt.layer(chance, line).encode(x=x, y=y)
    return draw(layers.properties(width=WIDTH, height=HEIGHT), label)
