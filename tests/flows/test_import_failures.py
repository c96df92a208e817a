"""What stops an import or a refresh half-way: nothing is lost, and another run completes it."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.in_process import run_here

from leadwise.store.database import Database, normalised_url

SMALL_PIECES = """
import leadwise.app.history_importing as importing
from leadwise.__main__ import main
importing.CHUNK_ROWS = 1_000
main()
"""
PIECE, PIECES = 1_000, 30
STAMP = "2026-01-02T00:00:00Z"
LEADS = f"source,external_id,occurred_at\nweb,1,{STAMP}\n"
DISK_FULL = """
CREATE FUNCTION fill_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.external_id = 'e3500')
    EXECUTE FUNCTION fill_disk();
"""


@pytest.fixture
def environment(empty_url: str) -> dict[str, str]:
    return {**os.environ, "LEADWISE_DATABASE_URL": empty_url}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    events = [f"web,e{number},1,visit,{STAMP},{STAMP},{number}" for number in range(PIECE * PIECES)]
    tmp_path.joinpath("leads.csv").write_text(LEADS)
    tmp_path.joinpath("events.csv").write_text(
        "\n".join(["source,external_id,lead,kind,occurred_at,recorded_at,n", *events])
    )
    return tmp_path


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 100 MB, for those who may mount one."""
    place = Path(tempfile.mkdtemp(prefix="lw-"))
    mounted = subprocess.run(
        ("/bin/mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", place), capture_output=True, check=False
    )
    if mounted.returncode:
        place.rmdir()
        pytest.skip("Never: only root may mount a small disk; the same is tested with a simulated one.")
    place.chmod(0o755)
    yield place
    subprocess.run(("/bin/umount", "-l", place), check=True)
    shutil.rmtree(place, ignore_errors=True)


def run(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_here(folder, environment, *arguments)


def run_in_pieces(environment: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    command = (sys.executable, "-c", SMALL_PIECES, "import", "events", "events.csv")
    return subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True)


def reported(lines: list[str]) -> int:
    """How many rows were said to be stored: those before the last piece that was begun."""
    begun = [int(found[1].replace(",", "")) for line in lines if (found := re.search(r"from row ([\d,]+)", line))]
    return max(begun, default=1) - 1


def stored(url: str) -> tuple[int, int]:
    with Database(normalised_url(url)) as database, database.transaction() as connection:
        found = connection.execute(text("SELECT count(*), coalesce(sum((fields ->> 'n')::int), 0) FROM events")).one()
        return int(found[0]), int(found[1])


@pytest.mark.slow
def test_an_import_that_is_killed_again_and_again_loses_nothing_and_stores_nothing_twice(
    environment, empty_url, folder
):
    assert run(environment, folder, "import", "leads", "leads.csv").returncode == 0
    for _ in range(5):
        with run_in_pieces(environment, folder) as process:
            assert process.stderr is not None
            told = [next(line for line in process.stderr if "storing" in line)]
            time.sleep(random.uniform(0, 2))  # noqa: S311 - no secret
            process.send_signal(signal.SIGKILL)
            told += list(process.stderr)
        rows, _ = stored(empty_url)
        assert (rows % PIECE, rows >= reported(told)) == (0, True)
    assert run(environment, folder, "import", "events", "events.csv").returncode == 0
    assert stored(empty_url) == (PIECE * PIECES, sum(range(PIECE * PIECES)))


def test_a_full_disk_of_the_database_is_told_and_another_run_stores_the_rest(environment, empty_url, folder):
    assert run(environment, folder, "import", "leads", "leads.csv").returncode == 0
    with Database(normalised_url(empty_url)) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql(DISK_FULL)
        with run_in_pieces(environment, folder) as process:
            assert process.stderr is not None
            told = list(process.stderr)
        assert process.returncode == 1
        assert "the disk is full. Nothing of the last step was stored; free some space and try again." in told[-1]
        assert reported(told) <= stored(empty_url)[0] in {3 * PIECE, 4 * PIECE}  # with or without the one at its side
        with database.transaction() as connection:
            connection.exec_driver_sql("DROP TRIGGER full_disk ON events")
    assert run(environment, folder, "import", "events", "events.csv").returncode == 0
    assert stored(empty_url) == (PIECE * PIECES, sum(range(PIECE * PIECES)))


@pytest.mark.slow
def test_a_disk_that_really_is_full_is_told_too(small_disk: Path, folder: Path):
    environment = {**os.environ, "LEADWISE_DATA_FOLDER": str(small_disk / "data")}
    environment.pop("LEADWISE_DATABASE_URL", None)
    assert run(environment, folder, "import", "leads", "leads.csv").returncode == 0
    free = shutil.disk_usage(small_disk).free
    rest = small_disk / "other things"
    rest.write_bytes(b"x" * max(0, free - (4 << 20)))
    done = run(environment, folder, "import", "events", "events.csv")
    assert (done.returncode, "the disk is full" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    rest.unlink()
    again = run(environment, folder, "import", "events", "events.csv", "--json")
    assert json.loads(again.stdout)["added"] + json.loads(again.stdout)["unchanged"] == PIECE * PIECES


@pytest.mark.slow
def test_a_full_disk_during_a_refresh_keeps_the_snapshot_before(environment, small_disk: Path, tmp_path: Path):
    simulated = ("simulate", "real-estate-seller", "--leads", "300", "--seed", "1", "--out", "simulated")
    assert run(environment, tmp_path, *simulated).returncode == 0
    for kind in ("leads", "events", "outcomes"):
        arguments = ("import", kind, f"simulated/{kind}.csv", "--map", "simulated/mapping.toml")
        assert run(environment, tmp_path, *arguments).returncode == 0
    refresh = ("features", "refresh", "real-estate-seller", "--store", str(small_disk))
    assert run(environment, tmp_path, *refresh).returncode == 0
    (latest,) = small_disk.glob("*/latest.json")
    before = latest.read_bytes()
    rest = small_disk / "other things"
    rest.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - (1 << 14)))
    done = run(environment, tmp_path, *refresh)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "No space left on device. The previous snapshot stays in force; free disk space" in done.stderr
    assert latest.read_bytes() == before
    rest.unlink()
    assert run(environment, tmp_path, *refresh).returncode == 0


def test_a_mistyped_organisation_is_refused_by_all_commands_alike(environment, folder):
    begun = run(environment, folder, "import", "leads", "leads.csv", "--organisation", "acme", "--create-organisation")
    assert begun.returncode == 0, begun.stderr
    of_target = ("--target", "saas-signup", "--organisation", "amce")
    for command in (
        ("import", "leads", "leads.csv", "--organisation", "amce"),
        ("features", "refresh", "saas-signup", "--organisation", "amce"),
        ("fit", *of_target, "--out", "model.leadwise"),
        ("score", *of_target, "--out", "scores.csv"),
        ("forget", "1", "--source", "web", "--organisation", "amce"),
    ):
        done = run(environment, folder, *command)
        assert done.returncode == 1, command
        assert 'There is no organisation "amce"; did you mean "acme"?' in done.stderr, command
        assert "leadwise import leads FILE --organisation amce --create-organisation" in done.stderr
