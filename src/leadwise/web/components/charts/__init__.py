"""Charts as inline SVG, one file per subject. Importing this costs a second: import it where a chart is drawn."""

from leadwise.web.components.charts.effects import draw_effect
from leadwise.web.components.charts.gain import draw_gain, draw_lift
from leadwise.web.components.charts.reliability import draw_reliability
from leadwise.web.components.charts.roc import draw_roc
from leadwise.web.components.charts.times import draw_times

__all__ = ["draw_effect", "draw_gain", "draw_lift", "draw_reliability", "draw_roc", "draw_times"]
