"""`leadwise blueprint` and `leadwise simulate`, as the program runs them."""

import csv
import json
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.in_process import cli

from leadwise.app.refusal import refusing
from leadwise.blueprints.blueprint import list_blueprints, load_blueprint
from leadwise.connectors.tables import read_table

FILES = ["README.md", "events.csv", "leads.csv", "mapping.toml", "outcomes.csv", "truth.csv"]


@dataclass(frozen=True)
class Finished:
    status: int
    out: str
    err: str


@pytest.fixture
def leadwise(capsys, tmp_path, monkeypatch):
    """Runs a command as the program does, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Finished:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                with refusing():
                    cli([str(argument) for argument in arguments])
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Finished(status, captured.out, captured.err)

    return run


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def test_the_list_has_a_line_for_each(leadwise):
    shown = leadwise("blueprint", "list")
    assert shown.status == 0
    assert all(name in shown.out for name in list_blueprints())
    assert "Buys a car" in shown.out


@pytest.mark.parametrize("name", list_blueprints())
def test_show_has_target_words_features_rules_and_actions(leadwise, name):
    shown, blueprint = leadwise("blueprint", "show", name), load_blueprint(name)
    assert shown.status == 0
    flat = " ".join(shown.out.split())
    assert blueprint.target.title in flat
    assert all(field.name in flat for field in blueprint.target.fields)
    assert all(event.name in flat for event in blueprint.target.events)
    assert all(f"{rule.points:+d}" in flat for rule in blueprint.rules)
    assert blueprint.actions.A in flat
    assert "Learns from: " in flat


def test_show_as_json_is_the_blueprint_and_nothing_else(leadwise):
    shown = json.loads(leadwise("blueprint", "show", "crm-leads", "--json").out)
    assert shown["target"]["name"] == "converted"
    assert len(shown["target"]["features"]) == 11
    assert shown["simulator"]["fields"]["price"]["draw"] == "lognormal"


def test_a_new_blueprint_works_as_it_is_and_is_used_like_a_shipped_one(leadwise):
    assert leadwise("blueprint", "new", 'The "garage" of Zoë', "--out", "mine.toml").status == 0
    assert leadwise("blueprint", "check", "mine.toml").status == 0
    assert 'The "garage" of Zoë' in leadwise("blueprint", "show", "mine.toml").out
    assert Path("mine.toml").read_text(encoding="utf-8").count("#") > 20
    assert leadwise("simulate", "mine.toml", "--leads", "50", "--out", "sim").status == 0


@pytest.mark.parametrize("name", list_blueprints())
def test_a_new_blueprint_can_start_from_a_shipped_one(leadwise, name):
    assert leadwise("blueprint", "new", "Mine", "--out", "mine.toml", "--from", name).status == 0
    assert leadwise("blueprint", "check", "mine.toml").status == 0
    assert load_blueprint("mine.toml") == load_blueprint(name).model_copy(update={"title": "Mine"})


def test_a_new_blueprint_never_replaces_a_file(leadwise):
    Path("mine.toml").write_text("precious")
    refused = leadwise("blueprint", "new", "Mine", "--out", "mine.toml")
    assert refused.status == 1
    assert "there already" in refused.err
    assert Path("mine.toml").read_text() == "precious"


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "\x1b[2J", "x" * 1000])
def test_a_name_that_nobody_can_read_is_refused(leadwise, title):
    refused = leadwise("blueprint", "new", title, "--out", "mine.toml")
    assert refused.status == 1
    assert "name must be" in refused.err
    assert not Path("mine.toml").exists()


@pytest.mark.parametrize("out", ["absent/mine.toml", ".", "x" * 300 + ".toml"])
def test_a_place_that_cannot_be_written_to_is_told(leadwise, out):
    refused = leadwise("blueprint", "new", "Mine", "--out", out)
    assert refused.status == 1
    assert refused.err.startswith("leadwise: ")


def test_check_tells_every_mistake_and_exits_with_1(leadwise):
    leadwise("blueprint", "new", "Mine", "--out", "mine.toml")
    text = Path("mine.toml").read_text(encoding="utf-8")
    Path("mine.toml").write_text(text.replace('kind = "number"', 'kind = "numbr"').replace("days = 365", "dayz = 365"))
    refused = leadwise("blueprint", "check", "mine.toml")
    assert refused.status == 1
    assert len(refused.out.splitlines()) == 3
    assert all(line.startswith("line ") for line in refused.out.splitlines())
    as_json = leadwise("blueprint", "check", "mine.toml", "--json")
    assert as_json.status == 1
    assert json.loads(as_json.out)["mistakes"] == refused.out.splitlines()


def test_check_of_a_good_one_as_json_has_no_mistakes(leadwise):
    assert json.loads(leadwise("blueprint", "check", "b2b-leads", "--json").out)["mistakes"] == []


@pytest.mark.parametrize("command", [("blueprint", "show"), ("blueprint", "check"), ("simulate", "--out", "sim")])
def test_a_name_that_is_no_blueprint_is_answered_with_the_nearest(leadwise, command):
    refused = leadwise(*command, "crm-lead")
    assert refused.status == 1
    assert "Did you mean crm-leads?" in refused.err
    assert not Path("sim").exists()


def test_simulate_writes_what_import_reads(leadwise):
    done = leadwise("simulate", "b2b-leads", "--leads", "300", "--seed", "4", "--now", "2026-01-15", "--out", "sim")
    assert done.status == 0
    assert "300 leads" in done.out
    assert "The best reachable AUC on arrival is 0." in done.out
    assert sorted(contents("sim")) == FILES
    leads, events, outcomes, truth = (
        read_table(Path("sim") / name).table for name in ("leads.csv", "events.csv", "outcomes.csv", "truth.csv")
    )
    assert leads.column_names[:6] == ["source", "external_id", "occurred_at", "recorded_at", "name", "company"]
    assert events.column_names == [
        *("source", "external_id", "lead", "kind", "occurred_at", "recorded_at"),
        *("amount", "minutes", "seconds", "field", "value"),
    ]
    assert outcomes.column_names == [
        *("source", "external_id", "lead", "target", "won", "value", "occurred_at", "recorded_at"),
    ]
    assert truth.column_names == ["external_id", "probability"]
    assert leads.num_rows == truth.num_rows == 300
    assert set(outcomes["lead"].to_pylist()) <= set(leads["external_id"].to_pylist())
    assert all(text.endswith("Z") and text <= "2026-01-15T00:00:00Z" for text in events["recorded_at"].to_pylist())


def test_changes_of_fields_name_the_field_and_its_new_value(leadwise):
    leadwise("simulate", "marketplace-auto", "--leads", "200", "--out", "sim")
    with Path("sim/events.csv").open(encoding="utf-8") as file:
        changes = [row for row in csv.DictReader(file) if row["kind"] == "field_changed"]
    assert changes
    assert all(row["field"] == "asking_price" and float(row["value"]) > 0 for row in changes)


@pytest.mark.parametrize(("name", "entity"), [("real-estate-seller", "property"), ("crm-leads", "lead")])
def test_the_mapping_says_what_kind_of_thing_is_scored(leadwise, name, entity):
    leadwise("simulate", name, "--leads", "20", "--out", "sim")
    assert tomllib.loads(Path("sim/mapping.toml").read_text(encoding="utf-8")) == {"leads": {"entity": entity}}


def test_customers_have_expected_values(leadwise):
    done = leadwise("simulate", "customer-value", "--leads", "100", "--out", "sim")
    assert "order again" in done.out
    assert read_table(Path("sim/truth.csv")).table.column_names == ["external_id", "probability", "expected_value"]


def test_the_same_seed_and_instant_give_the_same_bytes(leadwise):
    common = ("simulate", "saas-signup", "--leads", "120", "--now", "2026-01-15T12:00:00+00:00")
    for seed, folder in ((1, "a"), (1, "b"), (2, "c")):
        assert leadwise(*common, "--seed", seed, "--out", folder).status == 0
    assert contents("a") == contents("b")
    assert contents("a")["leads.csv"] != contents("c")["leads.csv"]


def test_without_an_instant_two_runs_of_a_day_are_the_same(leadwise):
    for folder in ("a", "b"):
        leadwise("simulate", "crm-leads", "--leads", "40", "--out", folder)
    assert contents("a") == contents("b")


def test_drift_makes_another_world(leadwise):
    for drift, folder in ((0, "a"), (1.5, "b")):
        leadwise("simulate", "crm-leads", "--leads", "2000", "--drift", drift, "--out", folder)

    def mean(folder: str) -> float:
        chances = [float(value) for value in read_table(Path(folder) / "truth.csv").table["probability"].to_pylist()]
        return sum(chances[-300:]) / 300

    assert mean("b") < 0.8 * mean("a")


def test_the_same_simulation_may_be_written_again_over_itself(leadwise):
    command = ("simulate", "crm-leads", "--leads", "40", "--out", "sim")
    leadwise(*command)
    before = contents("sim")
    Path("sim/events.csv").unlink()  # as an interrupted run leaves it
    assert leadwise(*command).status == 0
    assert contents("sim") == before


@pytest.mark.parametrize("name", ["leads.csv", "thesis.txt"])
def test_other_content_is_never_replaced_unless_asked_for(leadwise, name):
    Path("sim").mkdir()
    Path("sim", name).write_text("precious")
    refused = leadwise("simulate", "crm-leads", "--leads", "40", "--out", "sim")
    assert refused.status == 1
    assert f"it has {name}" in refused.err
    assert "--force" in refused.err
    assert contents("sim") == {name: b"precious"}
    assert leadwise("simulate", "crm-leads", "--leads", "40", "--out", "sim", "--force").status == 0
    assert set(FILES) <= set(contents("sim"))
    assert (Path("sim", name).read_text() == "precious") == (name not in FILES)


def test_another_simulation_is_other_content(leadwise):
    leadwise("simulate", "crm-leads", "--leads", "40", "--out", "sim")
    before = contents("sim")
    assert leadwise("simulate", "crm-leads", "--leads", "41", "--out", "sim").status == 1
    assert contents("sim") == before


def test_a_blueprint_that_was_changed_is_other_content(leadwise):
    leadwise("blueprint", "new", "Mine", "--out", "mine.toml")
    leadwise("simulate", "mine.toml", "--leads", "40", "--out", "sim")
    text = Path("mine.toml").read_text(encoding="utf-8")
    Path("mine.toml").write_text(text.replace("base_log_odds = -2.2", "base_log_odds = -1.0"), encoding="utf-8")
    assert leadwise("simulate", "mine.toml", "--leads", "40", "--out", "sim").status == 1


def test_a_file_in_the_way_is_told(leadwise):
    Path("sim").write_text("a file")
    for out in ("sim", "sim/inside"):
        refused = leadwise("simulate", "crm-leads", "--leads", "40", "--out", out)
        assert refused.status == 1
        assert "should be a folder" in refused.err


@pytest.mark.parametrize("now", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "2026-01-15T12:00:00", ""])
def test_what_is_no_instant_is_refused(leadwise, now):
    refused = leadwise("simulate", "crm-leads", "--leads", "5", "--out", "sim", "--now", now)
    assert refused.status == 1
    assert "--now must" in refused.err
    assert not Path("sim").exists()


@pytest.mark.parametrize("option", [("--leads", "0"), ("--leads", "many"), ("--seed", "-1"), ("--drift", "nan")])
def test_numbers_out_of_range_are_refused(leadwise, option):
    assert leadwise("simulate", "crm-leads", "--out", "sim", *option).status != 0
    assert not Path("sim").exists()


def test_one_lead_is_a_world_too(leadwise):
    for name in list_blueprints():
        assert leadwise("simulate", name, "--leads", "1", "--out", name).status == 0


def test_a_blueprint_for_real_data_alone_needs_no_simulator(leadwise):
    leadwise("blueprint", "new", "Ours", "--out", "ours.toml")
    text = Path("ours.toml").read_text(encoding="utf-8")
    Path("ours.toml").write_text(text[: text.index("[simulator]")], encoding="utf-8")
    assert leadwise("blueprint", "check", "ours.toml").status == 0
    assert "Not simulated" in leadwise("blueprint", "show", "ours.toml").out
    refused = leadwise("simulate", "ours.toml", "--out", "simulated")
    assert (refused.status, "has no [simulator]" in refused.err) == (1, True)
    assert not Path("simulated").exists()
