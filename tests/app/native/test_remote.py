"""Commands with --server: the service does the work, and says no in the same words."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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
        client.models.activate(version.version)
    scored = place.run("score", "--target", "car_sold", "--out", "scores.csv", *at)
    rows = rows_of(place.folder / "scores.csv")
    assert f"scored {len(rows)} open leads" in scored.stderr


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
