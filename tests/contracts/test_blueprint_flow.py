"""Every blueprint goes all the way from the command line: simulate, import, refresh, fit, score."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text
from tests.in_process import run_here

from leadwise.blueprints.blueprint import list_blueprints, load_blueprint
from leadwise.domain.card import Task
from leadwise.registry.model_file import read_model_file
from leadwise.store.database import Database, normalised_url
from leadwise.store.scores import ScoreRepository

COMMAND = str(Path(sys.executable).with_name("leadwise"))
QUICK = "marketplace-auto"
OTHERS = [name for name in list_blueprints() if name != QUICK]
NOW = "2026-01-15"
KINDS = ("leads", "events", "outcomes")


def test_no_blueprint_slips_out() -> None:
    assert len(OTHERS) + 1 == 6


class Place:
    """A folder with a data folder, and a database of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ, "LEADWISE_DATABASE_URL": url, "LEADWISE_DATA_FOLDER": str(folder / "data")
        }  # fmt: skip

    def run(self, *arguments: object, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        finished = run_here(self.folder, self.environment, *arguments)
        assert status is None or finished.returncode == status, finished.stderr
        assert "Traceback" not in finished.stderr
        return finished

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            (COMMAND, *map(str, arguments)),
            env=self.environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def load(self, blueprint: str, leads: int) -> None:
        self.run("simulate", blueprint, "--leads", leads, "--now", NOW, "--out", "sim")
        for kind in KINDS:
            self.run("import", kind, f"sim/{kind}.csv", "--map", "sim/mapping.toml")

    def shelf(self, blueprint: str) -> Path:
        return self.folder / "data" / "feature-store" / load_blueprint(blueprint).target.name

    def snapshot(self, blueprint: str) -> Path:
        shelf = self.shelf(blueprint)
        return shelf / str(json.loads((shelf / "latest.json").read_text())["snapshot"])


@pytest.fixture
def place(tmp_path: Path, empty_url: str) -> Place:
    return Place(tmp_path, empty_url)


def goes_all_the_way(place: Place, blueprint: str, leads: int) -> None:
    target = load_blueprint(blueprint).target
    place.load(blueprint, leads)
    quality = json.loads(place.run("features", "refresh", blueprint, "--as-of", NOW, "--json").stdout)
    assert quality == json.loads((place.snapshot(blueprint) / "quality.json").read_text())
    assert quality["rows"]["open_leads"] > 0
    card = json.loads(place.run("fit", "--target", blueprint, "--budget", 2, "--out", "m.leadwise", "--json").stdout)
    assert card["task"] == target.task
    assert (place.folder / "m.leadwise").exists()
    place.run("score", "--target", blueprint, "--out", "scores.csv", "--reasons", 1)
    with (place.folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        scores = list(csv.DictReader(file))
    features = pq.read_table(place.snapshot(blueprint) / "features.parquet")
    assert [row["id"] for row in scores] == features["lead_id"].to_pylist()
    worth = "probability" if target.task is Task.CONVERSION else "value"
    assert len({row[worth] for row in scores}) > 1
    assert {row["model_version"] for row in scores} == {card["model_version"]}
    url = normalised_url(place.environment["LEADWISE_DATABASE_URL"])
    with Database(url) as database, database.transaction() as connection:
        rows = connection.execute(text("SELECT count(*), count(DISTINCT model_version) FROM scores")).one()
    assert tuple(rows) == (len(scores), 1)
    place.run("validate", "m.leadwise")
    if target.segments:
        scores_by_segment(place, blueprint, target.segments[0], {row["id"] for row in scores})


def scores_by_segment(place: Place, blueprint: str, name: str, everybody: set[str]) -> None:
    """What becomes of leads by segment, whether or not it is a feature."""
    found: list[str] = []
    with (place.folder / "sim" / "leads.csv").open(encoding="utf-8", newline="") as file:
        said = {row["external_id"]: row[name] for row in csv.DictReader(file)}
    for value in sorted(set(said.values()) - {""}):
        place.run("score", "--target", blueprint, "--out", "some.csv", "--segment", f"{name}={value}")
        with (place.folder / "some.csv").open(encoding="utf-8", newline="") as file:
            found += (some := [row["id"] for row in csv.DictReader(file)])
        assert {said[each] for each in some} <= {value}
    assert sorted(found) == sorted(each for each in everybody if said[each])
    refused = place.run("score", "--target", blueprint, "--out", "no.csv", "--segment", f"{name}=Nowhere", status=1)
    assert "Known: " in refused.stderr
    refused = place.run("score", "--target", blueprint, "--out", "no.csv", "--segment", f"x{name}=a", status=1)
    assert f"did you mean '{name}'?" in refused.stderr


def test_a_blueprint_goes_from_simulated_files_to_scores(place):
    goes_all_the_way(place, QUICK, 400)


def test_shapley_values_are_computed_once_for_the_file_and_the_store(place):
    """The file's reasons are the first of those that are stored, also where they are exact."""
    place.load(QUICK, 400)
    place.run("features", "refresh", QUICK, "--as-of", NOW)
    place.run("fit", "--target", QUICK, "--budget", 2, "--algorithm", "gradient_boosting")
    place.run("score", "--target", QUICK, "--out", "scores.csv", "--reasons", 1, "--exact")
    with (place.folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["id"]: row for row in csv.DictReader(file)}
    url = normalised_url(place.environment["LEADWISE_DATABASE_URL"])
    with Database(url) as database, database.transaction() as connection:
        stored = ScoreRepository(connection).list_latest(load_blueprint(QUICK).target.name)
    assert len(stored) == len(scores) > 10
    for ranked in stored:
        row = scores[ranked.score.lead[1]]
        assert float(row["probability"]) == ranked.score.probability
        assert float(row["contribution_1"]) == ranked.score.reasons[0].contribution


def test_a_kind_of_event_that_no_blueprint_names_is_learnt_from_and_scored_by(place):
    own, kind = "Probefahrt 🚗; DROP TABLE", "test_drive_held"
    place.run("simulate", QUICK, "--leads", 400, "--now", NOW, "--out", "sim")
    events = place.folder / "sim" / "events.csv"
    events.write_text(events.read_text(encoding="utf-8").replace(kind, own), encoding="utf-8")
    for file in KINDS:
        place.run("import", file, f"sim/{file}.csv", "--map", "sim/mapping.toml")
    quality = json.loads(place.run("features", "refresh", QUICK, "--as-of", NOW, "--json").stdout)
    assert quality["found_kinds"] == [own]
    assert quality["features"][own]["maximum"] > 0
    place.run("fit", "--target", QUICK, "--budget", 2, "--algorithm", "logistic_regression", "--out", "m.leadwise")
    model = read_model_file(place.folder / "m.leadwise")
    assert own in {kind.name for kind in model.target.events}
    assert f"{own} in the last 7 days" in {column.name for column in model.columns}
    place.run("score", "--target", QUICK, "--out", "before.csv")
    before = (place.folder / "before.csv").read_text(encoding="utf-8")

    # The blueprint takes the kind up under another title: the model goes on with its own words.
    changed = place.folder / "changed.toml"
    shipped = resources.files("leadwise.blueprints").joinpath(f"{QUICK}.toml").read_text(encoding="utf-8")
    changed.write_text(shipped.replace('"test_drive_held"', json.dumps(own, ensure_ascii=False)), encoding="utf-8")
    place.run("features", "refresh", changed, "--as-of", NOW)
    said = place.run("score", "--target", changed, "--out", "after.csv").stderr
    assert "as they were then" in said
    assert (place.folder / "after.csv").read_text(encoding="utf-8") == before


@pytest.mark.slow
@pytest.mark.parametrize("blueprint", OTHERS)
def test_every_other_blueprint_does_so_too(place, blueprint):
    goes_all_the_way(place, blueprint, 600)


def mixed(source: Path, target: Path) -> None:
    """The same rows in random order, each of them twice."""
    header, *rows = source.read_text(encoding="utf-8").splitlines(keepends=True)
    rows = rows * 2
    random.Random(5).shuffle(rows)  # noqa: S311 - not for secrets
    target.write_text("".join([header, *rows]), encoding="utf-8")


def halves(source: Path) -> list[Path]:
    header, *rows = source.read_text(encoding="utf-8").splitlines(keepends=True)
    paths = [source.with_name(f"{source.stem}-{half}.csv") for half in (1, 2)]
    for half, path in enumerate(paths):
        path.write_text("".join([header, *rows[half::2]]), encoding="utf-8")
    return paths


@pytest.mark.slow
def test_the_order_of_delivery_does_not_show_in_the_features(place):
    place.load(QUICK, 200)
    simulated = place.folder / "sim"
    for kind in KINDS:
        mixed(simulated / f"{kind}.csv", simulated / f"{kind}-mixed.csv")
        halves(simulated / f"{kind}.csv")
    found = {}
    for organisation, parts in {"default": [""], "mixed": ["-mixed"], "halves": ["-2", "-1"]}.items():
        for kind in KINDS:
            for part in parts:
                file = f"sim/{kind}{part}.csv"
                begun = ["--create-organisation"] if kind == "leads" else []
                place.run("import", kind, file, "--map", "sim/mapping.toml", "--organisation", organisation, *begun)
        place.run("features", "refresh", QUICK, "--as-of", NOW, "--organisation", organisation)
        name = "" if organisation == "default" else f"@{organisation}"
        shelf = place.shelf(QUICK).with_name(place.shelf(QUICK).name + name)
        (snapshot,) = [each for each in shelf.iterdir() if each.is_dir()]
        found[organisation] = [pq.read_table(snapshot / f"{each}.parquet") for each in ("features", "training")]
    for table in (0, 1):
        assert found["default"][table].num_rows > 0
        assert found["mixed"][table].equals(found["default"][table])
        assert found["halves"][table].equals(found["default"][table])


@pytest.mark.slow
def test_kills_and_two_refreshes_at_once_leave_whole_snapshots(place):
    place.load(QUICK, 200)
    place.run("features", "refresh", QUICK, "--as-of", "2026-01-10")
    draw = random.Random(7)  # noqa: S311 - not for secrets
    for _ in range(3):
        process = place.start("features", "refresh", QUICK)
        time.sleep(draw.uniform(1, 4))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        pq.read_table(place.snapshot(QUICK) / "features.parquet")
        pq.read_table(place.snapshot(QUICK) / "training.parquet")
    both = [place.start("features", "refresh", QUICK, "--as-of", day) for day in ("2026-01-14", "2026-01-15")]
    told = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    shelf = place.shelf(QUICK)
    assert place.snapshot(QUICK).name == max(each.name for each in shelf.iterdir() if each.is_dir())
    assert not [*shelf.glob("**/.*.part")]
    for folder in (each for each in shelf.iterdir() if each.is_dir()):
        assert {each.name for each in folder.iterdir()} == {"features.parquet", "training.parquet", "quality.json"}


def test_a_lead_is_explained_down_to_its_events_and_forgotten_in_all_snapshots(place):
    place.load(QUICK, 200)
    place.run("features", "refresh", QUICK, "--as-of", "2025-12-01")
    place.run("features", "refresh", QUICK, "--as-of", NOW)
    source = load_blueprint(QUICK).simulator.source
    with (place.folder / "sim" / "events.csv").open(encoding="utf-8", newline="") as file:
        events = [row for row in csv.DictReader(file) if row["kind"] == "message_sent"]
    lead = events[0]["lead"]
    of_lead = sorted(row["occurred_at"] for row in events if row["lead"] == lead)
    title = next(kind.title for kind in load_blueprint(QUICK).target.events if kind.name == "message_sent")
    sent = json.loads(place.run("features", "show", QUICK, lead, "--as-of", NOW, "--json").stdout)["features"][title]
    assert sent["value"] == len(of_lead)
    assert [(fact["kind"], fact["occurred_at"]) for fact in sent["facts"]] == [("message_sent", at) for at in of_lead]
    with (place.folder / "sim" / "leads.csv").open(encoding="utf-8", newline="") as file:
        known = next(row["recorded_at"] for row in csv.DictReader(file) if row["external_id"] == lead)
    early = json.loads(place.run("features", "show", QUICK, lead, "--as-of", known, "--json").stdout)["features"]
    assert (early[title]["value"], early[title]["facts"]) == (0, [])
    assert "Traceback" not in place.run("features", "show", QUICK, lead, "--as-of", NOW).stdout
    assert "no lead" in place.run("features", "show", QUICK, "nobody", status=1).stderr
    receipt = json.loads(place.run("forget", lead, "--source", source, "--json").stdout)["receipts"][0]
    assert receipt["counts"]["snapshot rows"] > 0
    for path in place.shelf(QUICK).glob("*/*.parquet"):
        assert lead not in pq.read_table(path)["lead_id"].to_pylist()


def test_what_cannot_be_done_is_said(place):
    assert "none is stored" in place.run("features", "refresh", QUICK, status=1).stderr
    assert "still to come" in place.run("features", "refresh", QUICK, "--as-of", "2400-01-01", status=1).stderr
    assert (
        "must be duckdb, spark-local or spark://HOST:PORT"
        in place.run("features", "refresh", QUICK, "--engine", "abacus", status=1).stderr
    )
    assert "--outcome" in place.run("fit", "--target", QUICK, "--outcome", "Won", status=2).stderr
    assert "--store" in place.run("score", "m", "t", "--out", "s.csv", "--store", "x", status=2).stderr
    assert "TABLE" in place.run("fit", "--out", "m.leadwise", status=2).stderr
    assert "--out" in place.run("fit", "t.csv", "--outcome", "Won", status=2).stderr
