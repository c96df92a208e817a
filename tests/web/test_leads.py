"""The ranked leads over real HTTP: the list, its paging and filters, and every way in which it can fail."""

from html import unescape

import httpx
import pytest
from tests.web.asking import ask_application
from tests.web.conftest import Serve
from tests.web.examples import HOSTILE, Away, Broken, Cards, Leads, make_card

from leadwise.domain.card import ModelCard
from leadwise.web.application import create_application
from leadwise.web.sources import LeadSource, Sources


def ask(leads: LeadSource, path: str, card: ModelCard | None = None, method: str = "GET") -> httpx.Response:
    return ask_application(create_application(Sources(leads, Cards(card) if card else None)), path, method)


def test_the_root_leads_to_the_list():
    answer = ask(Leads(3), "/")
    assert answer.status_code == 200
    assert answer.url.path == "/leads"


def test_a_lead_shows_chance_grade_reasons_and_action():
    html = unescape(ask(Leads(1), "/leads").text)
    for part in (
        "Maria Keller",
        "2019 Toyota Camry",
        "93%",
        "about 9 of 10 like this buy",
        "Replied 3 times this week",
        "Raises the chance: ",
        "Lowers the chance: ",
        "Call within the hour and offer a test drive.",
    ):
        assert part in html


def test_simulated_data_is_said_before_anything_else():
    html = ask(Leads(2, simulated=True), "/leads").text
    assert html.index("Simulated data.") < html.index("<h1>")
    assert "Simulated data." not in ask(Leads(2), "/leads").text


def test_no_leads_says_what_to_do():
    html = ask(Leads(0), "/leads").text
    assert "No open leads yet" in html
    assert "leadwise import" in html


def test_ten_thousand_leads_come_in_pages():
    html = ask(Leads(10_000), "/leads?page=200").text
    assert "9,951 to 10,000 of 10,000 leads" in html
    assert 'href="leads?page=199"' in html
    assert ">Next<" not in html


def test_a_page_past_the_end_leads_back():
    html = ask(Leads(60), "/leads?page=9&grade=A").text
    assert "This page is past the end" in html
    assert 'href="leads?grade=A"' in html


def test_grade_and_name_narrow_the_list_and_stay_while_paging():
    answer = ask(Leads(600), "/leads.json?grade=A&search=mari&limit=5").json()
    rows = answer["leads"]["rows"]
    assert {row["grade"] for row in rows} == {"A"}
    assert all("Maria" in row["name"] for row in rows)
    html = unescape(ask(Leads(600), "/leads?grade=A&search=mari&limit=5").text)
    assert 'href="leads?grade=A&search=mari&limit=5&page=2"' in html


def test_a_segment_is_chosen_from_a_list_and_stays_while_paging():
    rows = ask(Leads(600), "/leads.json?segment=vehicle%3D2019+Toyota+Camry").json()["leads"]["rows"]
    assert {row["subject"] for row in rows} == {"2019 Toyota Camry"}
    html = unescape(ask(Leads(600), "/leads?segment=vehicle%3D2019+Toyota+Camry&limit=5").text)
    assert '<option value="vehicle=2019 Toyota Camry" selected>2019 Toyota Camry</option>' in html
    assert 'href="leads?segment=vehicle%3D2019+Toyota+Camry&limit=5&page=2"' in html
    assert 'href="leads?grade=A&segment=vehicle%3D2019+Toyota+Camry&limit=5"' in html
    assert "and 6 rarer values" in html


def test_several_values_of_a_segment_are_told_together():
    html = ask(Leads(600), "/leads?segment=vehicle%3DVan&segment=vehicle%3DBus").text
    assert '<option value="" selected>Van or Bus</option>' in html
    assert "No open lead has" in html
    assert "vehicle “Van”" in html
    assert len(ask(Leads(600), "/leads.json?segment=").json()["leads"]["rows"]) == 50
    assert ask(Leads(600), "/leads?segment=vehicle%3D%00").status_code == 422


def test_a_search_without_answer_says_so():
    html = ask(Leads(5), "/leads?search=%3Cb%3Enobody%3C/b%3E").text
    assert "No lead matches" in html
    assert "<b>nobody" not in html


@pytest.mark.parametrize("query", ["page=0", "page=x", "limit=0", "limit=201", "grade=E", "search=" + "x" * 201])
def test_values_that_cannot_be_used_are_named(query: str):
    answer = ask(Leads(5), f"/leads.json?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["pointer"] == f"#/query/{query.partition('=')[0]}"
    assert error["detail"].startswith(query.partition("=")[0])
    assert ask(Leads(5), f"/leads?{query}").status_code == 422


def test_letters_that_cannot_be_seen_do_not_reach_the_source():
    assert ask(Leads(5), "/leads.json?search=ma%00ria").json()["query"]["search"] == "maria"


def test_a_store_that_is_away_asks_for_patience():
    page, data = ask(Away(), "/leads"), ask(Away(), "/leads.json")
    assert page.status_code == data.status_code == 503
    assert page.headers["retry-after"] == data.headers["retry-after"] == "30"
    assert "does not answer" in page.text
    assert data.json()["code"] == "unavailable"
    assert "does not answer" in data.json()["detail"]


def test_a_fault_of_our_own_tells_no_secret():
    page, data = ask(Broken(), "/leads"), ask(Broken(), "/leads.json")
    assert page.status_code == data.status_code == 500
    assert "secret" not in page.text + data.text
    assert data.json()["code"] == "error"


def test_an_unknown_address_gets_a_page_or_a_problem():
    page, data = ask(Leads(1), "/nowhere<b>"), ask(Leads(1), "/nowhere.json")
    assert page.status_code == data.status_code == 404
    assert "There is no page at /nowhere&lt;b&gt;." in page.text
    assert data.headers["content-type"] == "application/problem+json"


def test_pages_are_only_read():
    assert ask(Leads(1), "/leads", method="POST").status_code == 405
    assert ask(Leads(1), "/leads", method="HEAD").status_code == 200


def test_the_schema_is_served_but_no_page_that_loads_scripts():
    assert ask(Leads(1), "/openapi.json").json()["paths"].keys() == {"/leads.json", "/report.json"}
    assert ask(Leads(1), "/docs").status_code == 404


def test_a_real_server_behind_a_prefix_links_relatively(serve: Serve):
    address = serve(Leads(200), root_path="/crm")
    html = httpx.get(f"{address}/leads").text
    assert 'href="leads?page=2"' in html
    assert 'href="/crm/leads"' in httpx.get(f"{address}/nowhere").text


@pytest.mark.parametrize("path", ["/leads", "/leads.json", "/report", "/nowhere", "/leads?page=x"])
@pytest.mark.parametrize("leads", [Leads(1), Broken()], ids=["answer", "fault"])
def test_every_answer_carries_the_security_headers(path: str, leads: LeadSource):
    headers = ask(leads, path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_the_report_is_offered_where_there_is_a_model():
    assert "How good is this model?" in ask(Leads(1), "/leads", card=make_card()).text
    assert "How good is this model?" not in ask(Leads(1), "/leads").text
    missing = ask(Leads(1), "/report.json")
    assert missing.status_code == 404
    assert missing.json()["code"] == "no_report"


def test_hostile_names_stay_text():
    for name in HOSTILE:
        html = ask(Leads(2, name=name), "/leads").text
        assert "<script" not in html
        assert "<img" not in html
        assert html.count("<style") == 1
