"""What each value of a column does to the score."""

from collections.abc import Iterator, Sequence

import altair as alt
from markupsafe import Markup

from leadwise.domain.card import EffectPoint
from leadwise.web.components.charts.drawing import FAINT, LOWER, RAISE, draw, drawable, records

_INVISIBLE = "\N{ZERO WIDTH SPACE}"
_LABEL_WIDTH = 150
_BAR_WIDTH = 170
_ROW_HEIGHT = 22


def draw_effect(points: Sequence[EffectPoint], label: str, unit: str) -> Markup:
    """One bar for each value: to the right it raises the score, to the left it lowers it."""
    rows = list(_rows(points))
    reach = max((abs(point.contribution) for point in points), default=0) or 1
    reach *= 1.08
    y = alt.Y("label:N").sort(None).title(None)
    y = y.axis(labelLimit=0, minExtent=_LABEL_WIDTH, ticks=False)
    x = alt.X("contribution:Q").scale(domain=[-reach, reach]).axis(tickCount=4).title(unit)
    color = alt.Color("raises:N").scale(domain=[True, False], range=[RAISE, LOWER]).legend(None)
    bars = alt.Chart(records(rows)).mark_bar(size=12).encode(x=x, y=y, color=color)
    middle = alt.Chart(records([{"x": 0}])).mark_rule(color=FAINT).encode(x="x:Q")
    layers = alt.layer(bars, middle).properties(width=_BAR_WIDTH, height=_ROW_HEIGHT * len(rows))
    return draw(layers, label)


def _rows(points: Sequence[EffectPoint]) -> Iterator[dict[str, str | float | bool]]:
    """Rows whose labels differ, as bars with equal labels would be stacked into one."""
    seen: set[str] = set()
    for point in points:
        label = drawable(point.label)
        while label in seen:
            label += _INVISIBLE
        seen.add(label)
        yield {"label": label, "contribution": point.contribution, "raises": point.contribution >= 0}
