"""Every page keeps the same promises. Pages are found by their file name, and the number found is asserted."""

import re
from functools import cache
from html import unescape
from html.parser import HTMLParser
from importlib import resources

import httpx
import pytest
from tests.web.asking import ask_application
from tests.web.examples import Away, Cards, Leads, make_card

from leadwise.web.application import create_application, find_pages
from leadwise.web.sources import LeadList, LeadQuery, Sources

PAGES = find_pages()
SIZES = {"zero": 0, "one": 1, "many": 10_000}


class Landmarks(HTMLParser):
    """What keyboards and screen readers find on a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def find(self, *names: str) -> list[dict[str, str | None]]:
        return [given for tag, given in self.tags if tag in names]


class Shelf:
    """Leads of whatever number is asked for next, so that one application serves all tests."""

    leads: Leads | Away = Away()

    def list_leads(self, query: LeadQuery) -> LeadList:
        return self.leads.list_leads(query)


SHELF = Shelf()
APPLICATION = create_application(Sources(SHELF, Cards(make_card())))


@cache
def ask(path: str, leads: int | None) -> httpx.Response:
    """What the page answers with so many leads; None: with a source that is away."""
    SHELF.leads = Away() if leads is None else Leads(leads)
    return ask_application(APPLICATION, path)


def numbers_and_texts(value: object) -> list[str]:
    """The texts in a JSON document, however deep."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in numbers_and_texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in numbers_and_texts(part)]
    return [value] if isinstance(value, str) else []


page = pytest.mark.parametrize("page", PAGES)
size = pytest.mark.parametrize("size", SIZES)


def test_all_pages_are_found():
    assert list(PAGES) == ["leads", "report"]


@page
def test_has_a_template_of_the_same_stem(page: str):
    assert resources.files("leadwise.web").joinpath("templates", f"{page}.html").is_file()
    assert f"/{page}" == PAGES[page].PATH


@page
@size
def test_answers_with_any_number_of_leads(page: str, size: str):
    answer = ask(PAGES[page].PATH, SIZES[size])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert len(answer.content) < 400_000


@page
@size
def test_the_same_data_stand_at_json(page: str, size: str):
    shown = " ".join(unescape(re.sub(r"<[^>]*>", " ", ask(PAGES[page].PATH, SIZES[size]).text)).split())
    data = ask(f"{PAGES[page].PATH}.json", SIZES[size])
    assert data.headers["content-type"] == "application/json"
    told = numbers_and_texts(data.json())
    unseen = [text for text in told if " " in text and " ".join(text.split()) not in shown]
    of_no_leads = {"Car sold"} if size == "zero" else set()
    assert set(unseen) <= of_no_leads


@page
def test_has_landmarks_and_a_way_past_the_header(page: str):
    found = Landmarks(ask(PAGES[page].PATH, 1).text)
    assert found.find("html")[0]["lang"] == "en"
    assert all(len(found.find(name)) == 1 for name in ("main", "header", "footer", "h1", "title"))
    first_link = found.find("a")[0]
    assert first_link["href"] == f"#{found.find('main')[0]['id']}"
    names = [given.get("aria-label") for given in found.find("nav")]
    assert None not in names
    assert len(names) == len(set(names))


@page
def test_every_control_has_a_label_and_is_reached_by_keyboard(page: str):
    found = Landmarks(ask(PAGES[page].PATH, 10_000).text)
    labelled = {given["for"] for given in found.find("label")}
    assert all(given.get("id") in labelled for given in found.find("input", "select") if given.get("type") != "hidden")
    assert all(int(given["tabindex"] or 0) <= 0 for _, given in found.tags if "tabindex" in given)
    assert all(given.get("href") is not None for given in found.find("a"))
    assert not [given for tag, given in found.tags if "onclick" in given or "autofocus" in given]


@page
def test_works_without_script_and_asks_no_other_host(page: str):
    answer = ask(PAGES[page].PATH, 10_000)
    assert "<script" not in answer.text
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', answer.text)


def test_a_page_whose_source_is_away_says_so_in_both_forms():
    for path in ("/leads", "/leads.json"):
        answer = ask(path, None)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "does not answer" in answer.text
