"""Pages in a real browser, at the width of a desk and of a phone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.web import examples
from tests.web.conftest import Serve
from tests.web.reports import CARDS, make_report

if TYPE_CHECKING:
    from leadwise.web.sources import LeadSource

pytestmark = pytest.mark.browser
WIDTHS = {"desk": 1280, "phone": 390}
LEADS = {
    "none": lambda: examples.Leads(0, simulated=True),
    "one": lambda: examples.Leads(1),
    "many": lambda: examples.Leads(10_000, simulated=True),
    "hostile": lambda: examples.Leads(3, name="".join(examples.HOSTILE)),
    "away": examples.Away,
}
Visit = Callable[[str], Any]


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Opens an address, and fails if the page asked another host or ran into its own policy."""
    context = browser.new_context()
    asked: list[str] = []
    complaints: list[str] = []
    page = context.new_page()
    page.on("request", lambda sent: asked.append(sent.url))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))

    def opened(address: str) -> Any:
        page.goto(address)
        return page

    yield opened
    context.close()
    assert not complaints
    assert all(url.startswith(("http://127.0.0.1:", "file:///", "data:")) for url in asked)


def check(page: Any, axe_at: tuple[str, ...] = ("desk",)) -> None:
    """No sideways scrolling at any width, and nothing that axe objects to at these widths."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - an optional dependency group

    for name, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 844})
        wide, shown = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= shown
        if name in axe_at:
            assert_accessible(Axe().run(page))


def assert_accessible(found: Any) -> None:
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("leads", LEADS)
def test_leads_are_readable_and_accessible(serve: Serve, visit: Visit, leads: str):
    source: LeadSource = LEADS[leads]()
    check(visit(f"{serve(source, examples.make_card())}/leads?limit=10"), axe_at=("desk", "phone"))


@pytest.mark.parametrize("report", CARDS)
def test_reports_are_readable_and_accessible(tmp_path: Path, visit: Visit, report: str):
    file = tmp_path / "report.html"
    file.write_text(make_report(report), encoding="utf-8")
    check(visit(file.as_uri()))


def test_the_list_is_worked_by_keyboard_alone(serve: Serve, visit: Visit):
    page = visit(f"{serve(examples.Leads(600))}/leads")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.get_by_label("Name").focus()
    page.keyboard.type("keller 7")
    page.keyboard.press("Enter")
    page.wait_for_url("**/leads?segment=&search=keller+7")
    names = page.locator(".leads .name").all_inner_texts()
    assert names
    assert all("Keller 7" in name for name in names)


def test_dark_pages_keep_their_contrast(browser: Any, serve: Serve, tmp_path: Path):
    file = tmp_path / "report.html"
    file.write_text(make_report("calibration failed"), encoding="utf-8")
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    for address in (f"{serve(examples.Leads(9, simulated=True))}/leads", file.as_uri()):
        page.goto(address)
        check(page)
    context.close()


def test_paper_shows_what_is_folded_on_a_screen(browser: Any, tmp_path: Path):
    file = tmp_path / "report.html"
    file.write_text(make_report("conversion"), encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    page.emulate_media(media="print")
    assert page.locator("figure table").first.bounding_box()["height"] > 50
    context.close()
