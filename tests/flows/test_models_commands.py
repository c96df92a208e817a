"""The commands that look at versions and jobs, and what the audit says of commands."""

import getpass
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from tests.contracts.test_blueprint_flow import NOW, QUICK, Place

from leadwise.app.jobs.requests import ask_for
from leadwise.app.target_session import TargetSession
from leadwise.app.target_training import measure_on_test_leads
from leadwise.blueprints.blueprint import load_blueprint
from leadwise.domain.job import JobKind
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.registry.versions import ModelVersions
from leadwise.store.database import Database, normalised_url
from leadwise.training.feature_store.folders import open_folder

TARGET = load_blueprint(QUICK).target.name


@pytest.fixture
def place(tmp_path: Path, empty_url: str) -> Place:
    found = Place(tmp_path, empty_url)
    found.run("keys", "list")  # which migrates
    return found


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    with Database(normalised_url(place.environment["LEADWISE_DATABASE_URL"])) as database:
        yield database


def audit(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as connection:
        found = connection.execute(text("SELECT action, done_by FROM audit ORDER BY id")).all()
    return [(row.action, row.done_by) for row in found]


def test_versions_are_listed_compared_activated_and_rolled_back(place: Place, database: Database):
    place.load(QUICK, 400)
    place.run("features", "refresh", QUICK, "--as-of", NOW)
    for algorithm in ("heuristic", "logistic_regression"):
        place.run("fit", "--target", QUICK, "--algorithm", algorithm, "--budget", 3)
    me = getpass.getuser()
    assert audit(database) == [("train", me), ("activate", me)] * 2

    listed = json.loads(place.run("models", "list", QUICK, "--json").stdout)
    assert (listed["target"], [each["is_active"] for each in listed["versions"]]) == (TARGET, [True, False])
    newer, older = (each["version"] for each in listed["versions"])
    assert json.loads(place.run("models", "show", TARGET, "--json").stdout)["model_version"] == newer
    assert "No model scored" in place.run("models", "show", TARGET, "--as-of", "2020-01-01", status=1).stderr

    compared = json.loads(place.run("models", "compare", QUICK, older, "--json").stdout)
    assert (compared["first"], compared["second"]) == (older, newer)
    assert compared["open_leads"] > 0
    assert compared["first_metrics"]["roc_auc"] is not None
    assert "open leads" in place.run("models", "compare", QUICK, older, newer).stdout

    place.run("models", "rollback", TARGET)
    assert older in next(line for line in place.run("models", "list", TARGET).stdout.splitlines() if "active " in line)
    assert "learnt from" in place.run("models", "activate", TARGET, newer).stdout
    assert audit(database)[-2:] == [("roll_back", me), ("activate", me)]
    assert "No version is old enough" in place.run("models", "prune", TARGET, "--keep", 0, "--days", 0).stderr
    unknown = place.run("models", "activate", TARGET, "v9", status=1)
    assert 'no model version "v9"' in unknown.stderr

    session = TargetSession(
        load_blueprint(QUICK),
        "default",
        database,
        open_folder(str(place.folder / "data/feature-store")),
        DuckDBEngine(),
    )
    with database.transaction() as connection:
        tested, measured = (ModelVersions(connection, TARGET).get_model(version) for version in (newer, older))
    assert measure_on_test_leads(session, measured, tested.card) is None  # it was made when these leads were settled
    long_ago = measured.card.model_copy(update={"created_at": datetime(2020, 1, 1, tzinfo=UTC)})
    metrics = measure_on_test_leads(session, replace(measured, card=long_ago), tested.card)
    assert metrics is not None
    assert metrics.rows == tested.card.data.test_rows > 0
    assert measured.target is not None
    otherwise = replace(measured, card=long_ago, target=measured.target.model_copy(update={"open_days": 1}))
    assert measure_on_test_leads(session, otherwise, tested.card) is None  # its features were made otherwise
    # Of the model that was tested, fitted once more on all rows, the same leads show at least as much.
    itself = measure_on_test_leads(session, replace(tested, card=long_ago), tested.card)
    assert itself is not None
    assert itself.model_dump(include={"rows"}) == tested.card.test.model_dump(include={"rows"})


def test_jobs_are_listed_and_shown(place: Place, database: Database):
    with database.transaction("default") as connection:
        job = ask_for(connection, "default", JobKind.TRAIN, TARGET, {"budget_seconds": 5}, "anna")
    (listed,) = json.loads(place.run("jobs", "list", "--json").stdout)
    assert (listed["id"], listed["state"], listed["requested_by"]) == (str(job.id), "waiting", "anna")
    assert str(job.id) in place.run("jobs", "list", "--state", "waiting").stdout
    assert str(job.id) not in place.run("jobs", "list", "--state", "done").stdout
    assert f"train {TARGET}, asked for by anna" in place.run("jobs", "show", job.id).stdout
    assert json.loads(place.run("jobs", "show", job.id, "--json").stdout) == listed
    assert "There is no job" in place.run("jobs", "show", uuid4(), status=1).stderr


def test_erasures_and_changes_of_keys_are_in_the_audit(place: Place, database: Database):
    place.folder.joinpath("leads.csv").write_text("source,external_id,occurred_at\nweb,Jane Doe,2026-01-01T00:00:00Z\n")
    place.run("import", "leads", "leads.csv")
    place.run("forget", "Jane Doe", "--source", "web")
    key = place.run("keys", "add", "crm", "--role", "read").stdout.split("_")[1]
    place.run("keys", "rotate", key)
    place.run("keys", "revoke", key)
    place.run("keys", "revoke", key)
    me = getpass.getuser()
    assert audit(database) == [("erase", me), ("add_key", me), ("rotate_key", me), ("revoke_key", me)]
    with database.transaction() as connection:
        assert "Jane" not in str(connection.execute(text("SELECT * FROM audit")).all())
