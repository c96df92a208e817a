"""Spark as people use it: a real cluster computes features and scores rows, and says what it lacks."""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.features.random_histories import random_history, random_moments
from tests.features.spark_cluster import BRIEF, spark_cluster
from tests.in_process import run_here

import leadwise
from leadwise.blueprints.blueprint import load_blueprint
from leadwise.blueprints.simulator import simulate
from leadwise.features.engines import spark_session
from leadwise.features.engines.choice import get_engine
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.engines.errors import SparkUnreachableError
from leadwise.features.engines.spark_session import stop
from leadwise.features.history import compute
from leadwise.registry.versions import ModelVersions
from leadwise.store.database import Database, normalised_url, open_database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.scores import ScoreRepository

pytest.importorskip("pyspark", reason="not offered by the other side: the extra `spark` is not installed")

ROWS = 45_000
"""Three pieces, of which the last one is smaller."""


@pytest.fixture(scope="module")
def master() -> Iterator[str]:
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
        spark_cluster(Path(folder)) as address,
    ):
        patch.setenv("JDK_JAVA_OPTIONS", BRIEF)
        yield address


def test_features_of_a_cluster_are_those_of_the_embedded_engine(master):
    target = load_blueprint("crm-leads").target
    history = random_history(target, seed=5)
    moments = random_moments(history, seed=5)
    found = compute(target, history, moments, get_engine(master, memory="512m"))
    stop()  # or else its executors hold all processors of the cluster
    assert found.to_pydict() == compute(target, history, moments, DuckDBEngine()).to_pydict()


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Path:
    """A folder with a model, a table, and its scores by the plain command."""
    folder = tmp_path_factory.mktemp("spark")
    rows = {
        "Lead Id": [f"L-{number} 🚗" for number in range(ROWS)],
        "Visits": [str(number * 37 % 51) for number in range(ROWS)],
        "Source": [["web", "referral", ""][number % 3] for number in range(ROWS)],
        "Converted": ["yes" if number * 37 % 51 > number % 7 * 8 else "no" for number in range(ROWS)],
    }
    learnt = {name: values[:400] for name, values in rows.items()}
    leadwise.fit(learnt, outcome="Converted", budget=2, algorithms=["logistic_regression"]).save(folder / "m.leadwise")
    pq.write_table(leadwise.app.frames.to_arrow(rows), folder / "t.parquet")
    command = ("score", "m.leadwise", "t.parquet", "--out", "plain.parquet")
    assert run_here(folder, os.environ, *command).returncode == 0
    return folder


def score(folder: Path, out: str, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "leadwise", "score", "m.leadwise", "t.parquet", "--out", out, *options]
    environment = {**os.environ, "LEADWISE_SPARK_MEMORY": "512m"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("engine", ["spark-local", "a cluster"])
def test_scores_are_those_of_the_plain_command(request, scored, engine):
    name = request.getfixturevalue("master") if engine == "a cluster" else engine
    finished = score(scored, "spark.parquet", "--engine", name)
    assert finished.returncode == 0, finished.stderr
    assert f"Wrote {ROWS:,} scores to spark.parquet." in finished.stderr
    assert "FutureWarning" not in finished.stderr
    assert pq.read_table(scored / "spark.parquet").equals(pq.read_table(scored / "plain.parquet"))


def test_a_cluster_without_room_is_not_waited_for(master, monkeypatch):
    monkeypatch.setattr(spark_session, "_SECONDS_FOR_WORKERS", 3)
    with pytest.raises(SparkUnreachableError, match="no worker had a processor and 8g of memory free within 3 seconds"):
        get_engine(master, memory="8g").run("SELECT 1", {})


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        ("sparkling", "must be duckdb, spark-local or spark://HOST:PORT, but is 'sparkling'"),
        ("spark://127.0.0.1:1", "Spark at spark://127.0.0.1:1 did not answer"),
        ("spark://127.0.0.1:x", "must be duckdb, spark-local or spark://HOST:PORT"),
    ],
)
def test_an_engine_that_is_not_there_is_named_with_what_to_do(scored, engine, sentence):
    command = ("score", "m.leadwise", "t.parquet", "--out", "none.parquet", "--engine", engine)
    refused = run_here(scored, os.environ, *command)
    assert refused.returncode == 1
    assert sentence in " ".join(refused.stderr.split())
    assert not (scored / "none.parquet").exists()


def store(database: Database, organisation: str, leads: int, now: datetime) -> None:
    world = simulate(load_blueprint("marketplace-auto"), leads, 1, now)
    with database.transaction() as connection:
        OrganisationRepository(connection).ensure(organisation)
        LeadRepository(connection, organisation).add_many(world.leads[:leads])
        EventRepository(connection, organisation).add_many(world.events)
        OutcomeRepository(connection, organisation).add_many(world.outcomes)


def fitted(environment: dict[str, str], *options: str, status: int) -> tuple[dict, str]:
    command = (sys.executable, "-m", "leadwise", "fit", "--target", "marketplace-auto", "--json", "--budget", "600")
    few = ("--algorithm", "logistic_regression", "--algorithm", "gradient_boosting")
    finished = subprocess.run(
        (*command, *few, *options), env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert finished.returncode == status, finished.stderr
    assert "Traceback" not in finished.stderr
    return json.loads(finished.stdout), finished.stderr


def test_stored_leads_are_explained_once_for_the_file_and_the_store(empty_url, tmp_path):
    """What Spark explained is what is stored: its exact reasons, not others that this process made."""
    environment = {**os.environ, "LEADWISE_DATABASE_URL": empty_url, "LEADWISE_DATA_FOLDER": str(tmp_path)}
    with open_database(empty_url, Path("unused")) as database:
        store(database, "default", 300, datetime.now(UTC))
    quickly = ("--budget", "2", "--algorithm", "gradient_boosting")
    for command in (
        ("fit", "--target", "marketplace-auto", *quickly),
        ("score", "--target", "marketplace-auto", "--out", "scores.csv", "--reasons", "1", "--exact"),
    ):
        engine = ("--engine", "spark-local") if command[0] == "score" else ()
        finished = run_here(tmp_path, environment, *command, *engine)
        assert finished.returncode == 0, finished.stderr
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["id"]: row for row in csv.DictReader(file)}
    with Database(normalised_url(empty_url)) as database, database.transaction() as connection:
        stored = ScoreRepository(connection).list_latest("car_sold")
    assert len(stored) == len(scores) > 10
    for ranked in stored:
        row = scores[ranked.score.lead[1]]
        assert float(row["contribution_1"]) == ranked.score.reasons[0].contribution


@pytest.mark.slow
def test_many_organisations_models_are_those_fitted_alone_and_a_failure_stops_no_other(master, empty_url, tmp_path):
    environment = {
        **os.environ,
        "LEADWISE_DATABASE_URL": empty_url,
        "LEADWISE_DATA_FOLDER": str(tmp_path),
        "LEADWISE_SPARK_MEMORY": "512m",
    }
    with open_database(empty_url, Path("unused")) as database:
        store(database, "north", 250, datetime(2026, 1, 1, tzinfo=UTC))
        store(database, "south 🚗", 300, datetime(2025, 6, 1, tzinfo=UTC))
        with database.transaction() as connection:
            OrganisationRepository(connection).ensure("new")
            young = simulate(load_blueprint("marketplace-auto"), 5, 1, datetime.now(UTC)).leads
            LeadRepository(connection, "new").add_many([replace(lead, occurred_at=datetime.now(UTC)) for lead in young])
    one_by_one, _ = fitted(environment, "--every-organisation", status=1)
    found, told = fitted(environment, "--every-organisation", "--engine", master, status=1)
    assert found == one_by_one
    assert [each["organisation"] for each in found["organisations"]] == ["new", "north", "south 🚗"]
    new, north, south = found["organisations"]
    assert (new["version"], "there are none" in new["refused"]) == (None, True)
    assert "1 did not, and what scored for them before still does: 'new'" in told
    assert north["version"] != south["version"]
    alone, _ = fitted(environment, "--organisation", "north", status=0)
    assert alone["model_version"] == north["version"]
    with Database(normalised_url(empty_url)) as database, database.transaction() as connection:
        for each in (north, south):
            active = ModelVersions(connection, "car_sold", each["organisation"]).find_active_card()
            assert active.model_version == each["version"]
