"""When leads convert: the curve that was foretold, and Kaplan-Meier's."""

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from leadwise.domain.time_to_convert import AgeCheck
from leadwise.web.components.charts.drawing import ACCENT, FAINT, HEIGHT, WIDTH, draw, records


def draw_times(checks: Sequence[AgeCheck], label: str) -> Markup:
    """The foretold curve as a line, what was seen as points with 95% intervals."""
    foretold = [{"x": 0.0, "y": 0.0}, *({"x": check.days, "y": check.predicted} for check in checks)]
    seen = [_seen(check) for check in checks]
    top = max([check.predicted for check in checks] + [check.observed_interval[1] for check in checks], default=1.0)
    x = alt.X("x:Q").scale(domain=[0, max((check.days for check in checks), default=1.0)]).title("Days since creation")
    y = alt.Y("y:Q").scale(domain=[0, min(1.0, 1.1 * top)]).axis(format=".0%", tickCount=5).title("Converted by then")
    line = alt.Chart(records(foretold)).mark_line(color=ACCENT, strokeWidth=2.5).encode(x=x, y=y)
    intervals = alt.Chart(records(seen)).mark_rule(color=FAINT, strokeWidth=2).encode(x=x, y="low:Q", y2="high:Q")
    points = alt.Chart(records(seen)).mark_point(color=FAINT, fill=FAINT, size=40, opacity=1).encode(x=x, y=y)
    return draw(alt.layer(intervals, points, line).properties(width=WIDTH, height=HEIGHT), label)


def _seen(check: AgeCheck) -> dict[str, float]:
    low, high = check.observed_interval
    return {"x": check.days, "y": check.observed, "low": low, "high": high}
