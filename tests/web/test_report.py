"""The report says what the card says, to a sales manager first and to an analyst below, whatever the names are."""

import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from tests.web import examples
from tests.web.reports import CARDS, make_report

from leadwise.domain.card import ModelCard
from leadwise.web.components.verdict import judge
from leadwise.web.pages.report import render_report


class Outline(HTMLParser):
    """What a page is made of: its tags with attributes, and its texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def find(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(params=CARDS, scope="module")
def report(request: pytest.FixtureRequest) -> str:
    return make_report(request.param)


def words_of(html: str) -> str:
    visible = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", visible)).split())


def test_is_one_file_that_asks_nobody_for_anything(report: str):
    outline = Outline(report)
    assert {"script", "link", "iframe", "object", "img"} & {tag for tag, _ in outline.tags} == {"link"}
    assert [link["href"][:5] for link in outline.find("link")] == ["data:"]
    addresses = [
        value for _, given in outline.tags for name, value in given.items() if name in {"href", "src", "action"}
    ]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert "url(" not in report
    assert "@import" not in report


def test_carries_a_policy_that_lets_no_script_run(report: str):
    (policy,) = [meta["content"] for meta in Outline(report).find("meta") if meta.get("http-equiv")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_no_attribute_runs_code_or_carries_style(report: str):
    given = {name for _, attributes in Outline(report).tags for name in attributes}
    assert not {name for name in given if name.startswith("on") or name == "style"}


def test_every_chart_is_announced_and_told_again_as_a_table(report: str):
    outline = Outline(report)
    charts = [svg for svg in outline.find("svg") if svg.get("class") == "chart"]
    assert charts
    assert all(svg["role"] == "img" and len(svg["aria-label"]) > 20 for svg in charts)
    assert len(outline.find("figure")) == len(charts)
    figures = re.findall(r"<figure>.*?</figure>", report, flags=re.DOTALL)
    assert all("<table" in figure and "<figcaption>" in figure for figure in figures)


def test_identifiers_are_unique_and_links_lead_somewhere(report: str):
    outline = Outline(report)
    identifiers = [given["id"] for _, given in outline.tags if given.get("id")]
    assert len(identifiers) == len(set(identifiers))
    targets = {link["href"][1:] for link in outline.find("a") if link["href"].startswith("#")}
    assert targets <= set(identifiers)


def test_headings_never_skip_a_level(report: str):
    levels = [int(tag[1]) for tag, _ in Outline(report).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_says_first_what_a_sales_manager_needs():
    text = words_of(make_report("conversion"))
    in_order = [
        "A very good model",
        "Calling the best fifth of leads reaches 5 of 10 who convert",
        "About 9 of 10 convert",
        "Call within the hour.",
        "The longer somebody stays on the website",
        "Predicted and observed shares agree",
        "Numbers for the analyst",
        "Gradient boosting",
    ]
    places = [text.index(part) for part in in_order]
    assert places == sorted(places)


def test_gives_the_analyst_every_number_of_the_test():
    card, text = examples.make_card(), words_of(make_report("conversion"))
    for number in ("0.387", "0.365 to 0.410", "0.902", "0.862", "0.121", "0.018", "0.791", "0.823", "0.807", "0.838"):
        assert number in text
    for fact in (card.data.fingerprint, card.data.split, card.model_version, "lightgbm 4.7.0", "0.412"):
        assert fact in text


def test_shows_what_leaks_with_evidence_and_what_became_of_each_column():
    card, text = examples.make_card(), words_of(make_report("conversion"))
    assert "Tags Leaks Left out “Will revert after reading the email” appears with conversions only" in text
    assert "Lead Quality Suspect Used" in text
    assert "Specialization 37% “Select” and “N/A”" in text
    assert all(column.name in text for column in card.columns)
    assert "11 columns in the table: 7 used, 2 left out. 2 name the lead or the outcome." in text


def test_failed_calibration_is_the_first_thing_said():
    text = words_of(make_report("calibration failed"))
    assert text.index("The percentages of this model did not hold") < text.index(
        "A very good model, for its order only"
    )
    assert "Not as they stand." in text


def test_tells_that_segments_are_too_small_to_tell_of():
    card = examples.make_card().model_copy(update={"segments": (), "segments_sentence": "None has 50 leads."})
    assert "Calibration by segment None has 50 leads." in words_of(render_report(card))


def test_tells_what_became_of_each_segment():
    text = words_of(make_report("conversion"))
    assert "Calibration by segment 1 of 2 segments with 50 leads or more strayed." in text
    told = "Of 712 leads whose Lead Origin is API, 291 converted; 214 were expected."
    assert f"Lead Origin: API {told} 30.1% 40.9% 37.4% to 44.6% 0.6113 contradicts its probabilities" in text
    assert "22 converted; 24 were expected. 16.4% 15.1% 10.2% to 21.8% within chance" in text
    assert "Calibration by segment" not in words_of(make_report("value"))


def test_says_that_and_why_it_was_recalibrated():
    card = examples.make_card(recalibrations=(examples.make_recalibration(),))
    text = words_of(render_report(card))
    assert "Recalibrated 2 March 2026: 900 leads have ended" in text
    assert "what became of such leads when it was recalibrated" in text


def test_a_model_without_skill_is_called_so():
    metrics = examples.make_metrics(roc_auc=0.53, intervals={"roc_auc": (0.49, 0.57)})
    assert judge(examples.make_card(test=metrics)).headline.startswith("No better than chance")


def test_a_test_that_cannot_judge_is_called_so():
    metrics = examples.make_metrics(roc_auc=None, average_precision=None, lift_at_10=None, lift_at_20=None)
    verdict = judge(examples.make_card(test=metrics))
    assert verdict.headline == "How good it is cannot be told from this test"
    assert not verdict.figures


def test_a_value_model_speaks_of_value_and_not_of_grades():
    text = words_of(make_report("value"))
    assert "A good ranking of customers by worth" in text
    assert "413 is the mean error, where the mean value is 1,284" in text
    assert "78% of true values lie in the range given; 80% is promised" in text
    assert "2,400 or more Call today." in text
    assert "What the grades mean" not in text
    assert "ROC" not in text


def test_hostile_names_are_shown_as_they_are():
    text = words_of(make_report("hostile names"))
    assert all(name in text for name in examples.HOSTILE if name.isprintable())


def test_300_columns_stay_readable():
    html = make_report("300 columns")
    assert len(html) < 600_000
    assert html.count("<figure>") == 12 + len(("reliability", "gain", "lift", "roc"))
    assert "survey_answer_299" in html
    assert html.index("<details><summary>Every column of the table (300)") > 0


def test_a_card_with_nothing_but_the_needful_still_reports():
    card = examples.make_card(
        leaderboard=(), columns=(), effects=(), grades=(), gain=(), roc=(), reliability=(), calibration=None
    )
    text = words_of(render_report(card))
    assert "every lead gets the same" in text
    assert "A very good model" in text
    assert "No column gives the outcome away" in text


def test_the_same_card_gives_the_same_bytes():
    card = examples.make_card()
    assert make_report("conversion") == render_report(ModelCard.model_validate_json(card.model_dump_json()))


def test_can_be_written_as_a_file(tmp_path: Path):
    html = make_report("hostile names")
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_says_when_leads_convert_and_whether_that_held():
    text = words_of(make_report("time"))
    assert "Until 2 March 2026, 780 of 5,997 leads converted. The others are still open" in text
    assert "Half of all leads convert within 42 days." in text
    assert "it expected 12.0% to convert within 90 days and 10.8% did" in text
    assert "Origin: social" in text
    assert "Harrell's C, test" in text


def test_says_nothing_of_times_where_a_model_knows_none():
    assert "When leads convert" not in words_of(make_report("conversion"))
