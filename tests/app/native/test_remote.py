"""Commands with --server: the service does the work, and says no in the same words."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.app.serving import add_key, running
from tests.contracts.test_blueprint_flow import NOW, QUICK, Place

import leadwise
from leadwise.store.database import Database, normalised_url, open_database

LEADS = 400
WORKER = """
from leadwise.app.jobs.worker import Pace, run_worker
from leadwise.app.settings import Settings
run_worker(Settings(), Pace(heartbeat=0.3, silent=3, look=0.3, grace=60))
"""


@pytest.fixture
def place(tmp_path: Path, empty_url: str) -> Iterator[Place]:
    """A folder with files to import, a service on a database, and a process that works on its jobs."""
    place = Place(tmp_path, empty_url)
    with open_database(empty_url, tmp_path) as database:
        place.environment["LEADWISE_KEY"] = add_key(database)
    worker = subprocess.Popen((sys.executable, "-c", WORKER), env=place.environment)
    with Database(normalised_url(empty_url)) as database, running(database, is_open=False) as http:
        place.environment["SERVICE"] = str(http.base_url).rstrip("/")
        yield place
    worker.kill()
    worker.wait()


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text().splitlines()))


def test_leads_go_in_a_model_comes_out_and_scores(place: Place) -> None:
    at = ("--server", place.environment["SERVICE"])
    place.run("simulate", QUICK, "--leads", LEADS, "--now", NOW, "--out", "sim")
    for kind in ("leads", "events", "outcomes"):
        said = place.run("import", kind, f"sim/{kind}.csv", "--map", "sim/mapping.toml", *at).stdout
        assert " 0 rejected." in said
    again = place.run("import", "leads", "sim/leads.csv", "--map", "sim/mapping.toml", *at).stdout
    assert f"0 added, {LEADS} unchanged" in again

    quickly = ("--budget", "3", "--algorithm", "logistic_regression")
    found = place.run("fit", "--target", "car_sold", *quickly, *at, status=None)
    assert "is stored" in found.stderr
    if found.returncode:  # the gate may say no to so small a model, with its reasons
        assert "does not score, as something speaks against it" in found.stderr
    with leadwise.Client(place.environment["SERVICE"], place.environment["LEADWISE_KEY"]) as client:
        (version,) = client.models.walk("car_sold")
    place.run("models", "activate", "car_sold", version.version, *at)
    scored = place.run("score", "--target", "car_sold", "--out", "scores.csv", *at)
    rows = rows_of(place.folder / "scores.csv")
    assert f"scored {len(rows)} open leads" in scored.stderr
    nobody = place.run("score", "--target", "car_sold", "--out", "no.csv", "--segment", "make=Nobody", *at, status=1)
    assert "no lead has the make 'Nobody'" in nobody.stderr
    versions_and_jobs_look_the_same_from_afar(place)


def versions_and_jobs_look_the_same_from_afar(place: Place) -> None:
    """What commands say of a service is what they say of its database."""
    at = ("--server", place.environment["SERVICE"])
    (version,) = (each["version"] for each in said_as_json(place, "models", "list", "car_sold", *at)["versions"])
    (_, scored, _) = said_as_json(place, "jobs", "list", *at)
    assert (scored["kind"], scored["state"], scored["attempts"]) == ("score", "done", 1)
    alike: list[tuple[str, ...]] = [
        ("models", "list", QUICK),
        ("models", "list", QUICK, "--json"),
        ("models", "show", "car_sold"),
        ("models", "show", "car_sold", version, "--json"),
        ("jobs", "list", "--state", "done", "--limit", "1"),
        ("jobs", "show", scored["id"]),
    ]
    for arguments in alike:
        assert place.run(*arguments, *at).stdout == place.run(*arguments).stdout
    compared = place.run("models", "compare", "car_sold", version, *at).stdout
    assert compared.startswith(f"{version} against {version}, on ")
    assert "No model scored" in place.run("models", "show", "car_sold", "--as-of", "2020-01-01", *at, status=1).stderr
    refusals = [place.run("models", "rollback", "car_sold", *each, status=1).stderr for each in (at, ())]
    assert refusals[0] == refusals[1]
    assert "--organisation" in place.run("jobs", "list", "--organisation", "acme", *at, status=2).stderr


def said_as_json(place: Place, *arguments: str) -> Any:
    return json.loads(place.run(*arguments, "--json").stdout)


def test_rows_that_a_service_rejects_are_written_with_their_reasons(place: Place) -> None:
    lines = "source,external_id,lead,kind,occurred_at\nshop,1,L-1,call,2026-01-01T00:00:00Z\n"
    (place.folder / "events.csv").write_text(lines)
    refused = place.run("import", "events", "events.csv", "--server", place.environment["SERVICE"], status=1)
    assert "none is" in refused.stderr
    (row,) = rows_of(place.folder / "events.rejects.csv")
    assert any("There is no lead" in value for value in row.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "--target", "car_sold", "--out", "m.leadwise"), "--out"),
        (("fit",), "--server"),
        (("score", "--target", "car_sold", "--out", "s.parquet"), ".csv"),
    ],
)
def test_what_a_service_does_not_do_is_refused(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    refused = Place(tmp_path, "").run(*arguments, "--server", "http://127.0.0.1:9", status=2)
    assert words in refused.stderr
