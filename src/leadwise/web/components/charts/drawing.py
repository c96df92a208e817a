"""Turns an Altair definition into an SVG that sits inside a page.

Colours are the page's own CSS variables, so that a chart follows dark mode and print. Blue and orange stay apart for
colour-blind readers, and nothing is told by colour alone.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import altair as alt
import vl_convert
from markupsafe import Markup

if TYPE_CHECKING:
    Chart = alt.Chart | alt.LayerChart

ACCENT, RAISE, LOWER, FAINT = "var(--accent)", "var(--raise)", "var(--lower)", "var(--strong-rule)"
WIDTH, HEIGHT = 290, 220

_AXIS = {
    "domain": False,
    "gridColor": "var(--rule)",
    "labelColor": "var(--muted)",
    "labelFontSize": 11,
    "tickColor": "var(--rule)",
    "titleColor": "var(--muted)",
    "titleFontSize": 11.5,
    "titleFontWeight": "normal",
    "titlePadding": 8,
}
_CONFIG = {"background": None, "aria": False, "font": "inherit", "view": {"stroke": None}, "axis": _AXIS}
_TAG = re.compile(r"<[a-z][^<>]*>")
_NOISE = re.compile(r' (?:aria-[a-z]+|role|class|pointer-events|xmlns(?::xlink)?)="[^"]*"')
_ROOT = re.compile(r"^<svg ")
_UNDRAWABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def records(rows: Iterable[Mapping[str, Any]]) -> alt.Data:
    """Rows as inline data of a chart."""
    return alt.Data(values=[dict(row) for row in rows])


def drawable(text: str) -> str:
    r"""The text without characters that XML forbids: the renderer ends the whole process when it meets one.

    >>> drawable("a\x00b<i>")
    'a�b<i>'
    """
    return _UNDRAWABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def draw(chart: "Chart", label: str) -> Markup:
    """The chart as one image that a screen reader announces by its label.

    Vega escapes the texts of the data; the parts inside an image are not announced one by one, so their roles go.
    """
    spec = chart.to_dict() | {"config": _CONFIG}
    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    lean = _TAG.sub(lambda tag: _NOISE.sub("", tag[0]), drawn)
    root = Markup('<svg class="chart" role="img" aria-label="{}" ').format(label)
    return Markup(_ROOT.sub(lambda _: root, lean))  # noqa: S704 - our own drawing, its texts escaped by Vega
