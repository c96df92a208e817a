"""Blueprints of an installation's own: known by name to commands, and to the service as targets."""

import os
import threading
from pathlib import Path
from uuid import UUID

import pytest
from tests.app.serving import running
from tests.in_process import run_here

from leadwise.app.jobs.attempt import Attempts
from leadwise.app.known_blueprints import BlueprintTakenError, find_blueprint, known_blueprints
from leadwise.app.new_blueprint import write_new_blueprint
from leadwise.app.service.serving import serve
from leadwise.app.settings import Settings
from leadwise.blueprints.blueprint import BlueprintError, BlueprintNotFoundError
from leadwise.store.database import Database

TARGET = "flat_let"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of own blueprints, with one that is called `letting`."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("LEADWISE_BLUEPRINTS", str(folder))
    begin(folder, "letting", TARGET)
    return folder


def begin(folder: Path, name: str, target: str) -> Path:
    path = folder / f"{name}.toml"
    write_new_blueprint(f"Our {name}", path, "crm-leads")
    path.write_text(path.read_text("utf-8").replace('name = "converted"', f'name = "{target}"', 1), "utf-8")
    return path


@pytest.mark.usefixtures("own")
def test_commands_know_an_own_blueprint_by_its_name(tmp_path: Path):
    for command in (["list"], ["show", "letting"], ["check", "letting"]):
        shown = run_here(tmp_path, os.environ, "blueprint", *command)
        assert (shown.returncode, "letting" in shown.stdout) == (0, True), command
    assert run_here(tmp_path, os.environ, "simulate", "letting", "--leads", "20", "--out", "sim").returncode == 0
    assert TARGET in (tmp_path / "sim" / "outcomes.csv").read_text()
    begun = run_here(tmp_path, os.environ, "blueprint", "new", "Another", "--out", "another.toml", "--from", "letting")
    assert begun.returncode == 0
    assert find_blueprint(str(tmp_path / "another.toml")).target.name == TARGET
    with pytest.raises(BlueprintNotFoundError, match="Did you mean letting"):
        find_blueprint("leting")


@pytest.mark.usefixtures("own")
def test_the_service_knows_an_own_target_and_works_on_its_jobs(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEADWISE_DATA_FOLDER", str(tmp_path))
    lead = {"source": "web", "external_id": "L-1", "occurred_at": "2026-01-31T12:00:00Z", "fields": {}}
    with running(database) as client:
        listed = client.get("/api/v2/targets").json()["results"]
        asked = {"target": TARGET, "rows": [{"appointments_count": 2}]}
        (predicted,) = client.post("/api/v2/scores", json=asked).json()["predictions"]
        client.post("/api/v2/leads", json={"leads": [lead]}).raise_for_status()
        job = client.post("/api/v2/jobs", json={"kind": "refresh", "target": TARGET}).json()["id"]
        Attempts(database, Settings(), threading.Event()).make(UUID(job))
        done = client.get(f"/api/v2/jobs/{job}").json()
    assert [each["blueprint"] for each in listed if each["name"] == TARGET] == ["letting"]
    assert predicted["model_version"].startswith("rules-")
    assert (done["state"], done["error"]) == ("done", None)
    assert (tmp_path / "feature-store" / TARGET / "latest.json").is_file()


@pytest.mark.parametrize(
    ("name", "target", "told"),
    [
        ("crm-leads", "something_else", "is called as one that ships"),
        ("mine", "converted", "has a target called 'converted', as crm-leads is"),
        ("mine", TARGET, f"has a target called '{TARGET}', as letting is"),
    ],
)
def test_two_of_one_name_are_refused(own: Path, name: str, target: str, told: str):
    begin(own, name, target)
    with pytest.raises(BlueprintTakenError, match=told):
        known_blueprints()


def test_a_service_with_a_blueprint_that_cannot_be_used_does_not_start(own: Path):
    (own / "broken.toml").write_text("title = ")
    with pytest.raises(BlueprintError, match=r"broken\.toml cannot be used"):
        serve(host="127.0.0.1", port=0, workers=1, root_path=None, is_open=True)
    assert find_blueprint("marketplace-auto").target.name == "car_sold"  # nobody else is held up


def test_without_a_folder_those_that_ship_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEADWISE_BLUEPRINTS", str(tmp_path / "absent"))
    assert "crm-leads" in known_blueprints()
    with pytest.raises(BlueprintNotFoundError, match="Did you mean crm-leads"):
        find_blueprint("crm-lead")
