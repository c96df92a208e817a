"""Reports for tests, each made once: drawing the charts takes most of a second."""

from functools import cache

from tests.web import examples

from leadwise.web.pages.report import render_report

CARDS = {
    "conversion": examples.make_card,
    "calibration failed": examples.make_failed_card,
    "value": examples.make_value_card,
    "time": examples.make_time_card,
    "300 columns": examples.make_wide_card,
    "hostile names": examples.make_hostile_card,
}


@cache
def make_report(name: str) -> str:
    """The report on the card of that name."""
    return render_report(CARDS[name]())
