"""The real commands on a database of their own; in processes of their own where a process shows more."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.in_process import run_here

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.store.database import Database, normalised_url
from leadwise.store.history import read_history

COMMAND = str(Path(sys.executable).with_name("leadwise"))
LEADS = "Lead No.,Created,Town\nL1,01.02.2026 09:00,Zürich\nL2,01.02.2026 10:00,שלום 🚗\n"
EVENTS = "Lead No.,What,When\nL1,called,02.02.2026 09:00\nL3,called,02.02.2026 09:00\nL2,called,gestern\n"
OUTCOMES = "Lead No.,Result,When,Amount\nL1,won,03.02.2026 09:00,1200\nL1,won,04.02.2026 09:00,300\n"
MAPPING = """
source = "crm"
timezone = "Europe/Zurich"
stamps = "%d.%m.%Y %H:%M"
lead = "Lead No."
recorded_at = "occurred_at"

[leads]
occurred_at = "Created"

[events]
kind = "What"
occurred_at = "When"

[outcomes]
target = "bought"
won = "Result"
value = "Amount"
occurred_at = "When"
"""
SMALL_PIECES = """
import leadwise.app.history_importing as importing
from leadwise.__main__ import main
importing.CHUNK_ROWS = 1_000
main()
"""
PIECE, PIECES = 1_000, 30


@pytest.fixture
def environment(empty_url: str) -> dict[str, str]:
    return {**os.environ, "LEADWISE_DATABASE_URL": empty_url}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, content in {"leads": LEADS, "events": EVENTS, "outcomes": OUTCOMES}.items():
        tmp_path.joinpath(f"{name}.csv").write_text(content, encoding="utf-8")
    tmp_path.joinpath("mapping.toml").write_text(MAPPING, encoding="utf-8")
    return tmp_path


def run(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_here(folder, environment, *arguments)


def run_process(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (COMMAND, *arguments), env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with Database(normalised_url(url)) as database, database.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_history_of_one_s_own_columns_comes_in_by_three_commands(environment, empty_url, files):
    with_mapping = ("--map", "mapping.toml")
    shown = run(environment, files, "import", "leads", "leads.csv", *with_mapping, "--preview")
    assert (shown.returncode, "external_id = L1" in shown.stdout) == (0, True)
    assert "occurred_at = 2026-02-01T08:00:00+00:00" in shown.stdout
    for _ in range(2):
        for kind in ("leads", "events", "outcomes"):
            done = run(environment, files, "import", kind, f"{kind}.csv", *with_mapping)
            assert done.returncode == 0, done.stderr
    assert rows(empty_url, "SELECT count(*) FROM leads") == [(2,)]
    assert rows(empty_url, "SELECT kind, occurred_at::text FROM events") == [("called", "2026-02-02 08:00:00+00")]
    assert rows(empty_url, "SELECT value FROM outcomes ORDER BY value") == [(300.0,), (1200.0,)]
    rejects = files.joinpath("events.rejects.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in rejects] == ['"row"', "2", "3"]
    as_json = run(environment, files, "import", "events", "events.csv", *with_mapping, "--json")
    assert json.loads(as_json.stdout)["rejected"] == 2


def test_the_database_has_looked_at_what_came_in(environment, empty_url, files):
    tables = "('leads', 'statements', 'events', 'outcomes')"
    unknown = f"SELECT relname FROM pg_class WHERE relname IN {tables} AND reltuples < 0"  # noqa: S608 - our own names
    for kind in ("leads", "events", "outcomes"):
        run(environment, files, "import", kind, f"{kind}.csv", "--map", "mapping.toml")
    assert rows(empty_url, unknown) == []


def test_a_preview_needs_no_database(files):
    nowhere = {**os.environ, "LEADWISE_DATABASE_URL": "postgresql://localhost:1/none"}
    done = run(nowhere, files, "import", "outcomes", "outcomes.csv", "--map", "mapping.toml", "--preview")
    assert (done.returncode, "Nothing was stored" in done.stdout) == (0, True)


def test_a_preview_numbers_rows_as_the_file_does(files):
    files.joinpath("events.csv").write_text(EVENTS.replace("L1,called,", "L1,called,too,many,"), encoding="utf-8")
    shown = run({**os.environ}, files, "import", "events", "events.csv", "--map", "mapping.toml", "--preview")
    assert next(line for line in shown.stdout.splitlines() if line.startswith("Row")) == "Row 2:"
    assert "Row 3: rejected." in shown.stdout
    assert "1 row that does not fit the 3 columns of the header (row 2 has 5 values" in shown.stdout


def test_a_mapping_that_names_absent_columns_is_refused_with_line_and_suggestion(environment, files):
    files.joinpath("mapping.toml").write_text(MAPPING.replace('kind = "What"', 'kind = "Wath"'))
    done = run(environment, files, "import", "events", "events.csv", "--map", "mapping.toml")
    assert done.returncode == 1
    assert 'line 12: kind names the column "Wath", which is not there; did you mean "What"?' in done.stderr


def test_a_database_that_is_away_is_told_in_one_sentence(files):
    nowhere = {**os.environ, "LEADWISE_DATABASE_URL": "postgresql://localhost:1/none"}
    done = run(nowhere, files, "import", "leads", "leads.csv", "--map", "mapping.toml")
    assert done.returncode == 1
    assert "PostgreSQL server was expected at localhost:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_table_is_still_imported_as_before(environment, empty_url, files):
    done = run_process(environment, files, "import", "leads.csv", "--id", "Lead No.")
    assert (done.returncode, "2 added" in done.stdout) == (0, True)
    assert rows(empty_url, "SELECT DISTINCT source FROM leads") == [("leads",)]


def test_what_is_simulated_can_be_imported(environment, empty_url, tmp_path):
    arguments = ("simulate", "real-estate-seller", "--leads", "200", "--seed", "1", "--out", "simulated")
    assert run(environment, tmp_path, *arguments).returncode == 0
    folder, stored = tmp_path / "simulated", {}
    for kind in ("leads", "events", "outcomes"):
        done = run(environment, folder, "import", kind, f"{kind}.csv", "--map", "mapping.toml", "--json")
        result = json.loads(done.stdout)
        assert (result["added"], result["rejected"]) == (result["rows"], 0)
        stored[kind] = result["rows"]
    target = load_blueprint("real-estate-seller").target
    with Database(normalised_url(empty_url)) as database, database.transaction() as connection:
        history = read_history(connection, "default", target)
        changes = connection.scalar(text("SELECT count(*) FROM events WHERE kind = 'field_changed'"))
    assert (history.leads.num_rows, history.outcomes.num_rows) == (200, stored["outcomes"])
    assert history.events.num_rows == stored["events"] - changes


def test_a_person_who_is_forgotten_leaves_a_receipt_and_nothing_else(environment, empty_url, files):
    for kind in ("leads", "events", "outcomes"):
        run(environment, files, "import", kind, f"{kind}.csv", "--map", "mapping.toml")
    done = run(environment, files, "forget", "L1", "--source", "crm", "--json")
    (receipt,) = json.loads(done.stdout)["receipts"]
    nothing_there = {"scores": 0, "snapshot rows": 0}
    assert receipt["counts"] == {"leads": 1, "statements": 1, "events": 1, "outcomes": 2, **nothing_there}
    assert "L1" not in done.stdout
    assert rows(empty_url, "SELECT external_id FROM leads") == [("L2",)]
    for table in ("statements", "events", "outcomes", "erasures"):
        assert "Zürich" not in str(rows(empty_url, f"SELECT * FROM {table}"))  # noqa: S608 - our own names
    again = run(environment, files, "import", "leads", "leads.csv", "--map", "mapping.toml")
    assert "1 unchanged, 0 changed, 1 rejected" in again.stdout
    assert "It was erased on" in again.stdout
    unknown = run(environment, files, "forget", "nobody", "--source", "crm")
    assert (unknown.returncode, 'no lead "nobody"' in unknown.stderr) == (1, True)


def test_an_import_that_is_killed_keeps_what_it_reported_and_is_completed_by_another(environment, empty_url, tmp_path):
    lead = "source,external_id,occurred_at\nweb,1,2026-01-01T00:00:00Z\n"
    tmp_path.joinpath("leads.csv").write_text(lead)
    stamp = "2026-01-02T00:00:00Z"
    events = [f"web,e{number},1,visit,{stamp},{stamp},{number}" for number in range(PIECE * PIECES)]
    header = "source,external_id,lead,kind,occurred_at,recorded_at,n"
    tmp_path.joinpath("events.csv").write_text("\n".join([header, *events]))
    assert run(environment, tmp_path, "import", "leads", "leads.csv").returncode == 0

    command = (sys.executable, "-c", SMALL_PIECES, "import", "events", "events.csv")
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = [next(line for line in process.stderr if "storing" in line)]
        time.sleep(random.uniform(0, 1.5))  # noqa: S311 - no secret
        process.send_signal(signal.SIGKILL)
        told += list(process.stderr)
    reported = max(int(found[1].replace(",", "")) for line in told if (found := re.search(r"from row ([\d,]+)", line)))
    ((stored,),) = rows(empty_url, "SELECT count(*) FROM events")
    assert stored % PIECE == 0
    assert stored >= reported - 1

    assert run(environment, tmp_path, "import", "events", "events.csv").returncode == 0
    assert rows(empty_url, "SELECT count(*), count(DISTINCT external_id), sum((fields ->> 'n')::int) FROM events") == [
        (PIECE * PIECES, PIECE * PIECES, sum(range(PIECE * PIECES)))
    ]
