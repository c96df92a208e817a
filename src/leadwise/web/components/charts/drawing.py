"""Turns an Altair definition into an SVG that sits inside a page.

Colours are the page's own CSS variables, so that a chart follows dark mode and print. Blue and orange stay apart for
colour-blind readers, and nothing is told by colour alone.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any
from unicodedata import east_asian_width

import altair as alt
import vl_convert
from markupsafe import Markup

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
    return alt.Data(values=[dict(row) for row in rows])  # type: ignore[no-untyped-call] # altair types no constructor


def drawable(text: str, columns: int = 26) -> str:
    r"""The text as a chart can carry it: short, and without characters that XML forbids.

    The renderer ends the whole process when it meets such a character, and fails when it shortens a text by itself
    in the middle of an emoji; hence nothing is left for it to shorten.

    Args:
        text: Any text, as users wrote it.
        columns: The room for it; wide letters take two.

    >>> drawable("a\x00b<i>"), drawable("Landing Page Submission", columns=12), drawable("\U0001f697" * 9, columns=6)
    ('a�b<i>', 'Landing Pag…', '🚗🚗…')
    """
    clean = _UNDRAWABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    ends = list(accumulate(1 + (east_asian_width(letter) in "WF") for letter in clean))
    fitting = bisect_right(ends, columns)
    return clean if fitting == len(clean) else f"{clean[: bisect_right(ends, columns - 1)]}\N{HORIZONTAL ELLIPSIS}"


def draw(chart: alt.TopLevelMixin, label: str) -> Markup:
    """The chart as one image that a screen reader announces by its label.

    The definition is ours and tested: checking it against the schema each time would take as long as drawing.
    Vega escapes the texts of the data; the parts inside an image are not announced one by one, so their roles go.
    """
    spec = chart.to_dict(validate=False) | {"config": _CONFIG}
    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    lean = _TAG.sub(lambda tag: _NOISE.sub("", tag[0]), drawn)
    root = Markup('<svg class="chart" role="img" aria-label="{}" ').format(label)
    return Markup(_ROOT.sub(lambda _: root, lean))  # noqa: S704 - our own drawing, its texts escaped by Vega
