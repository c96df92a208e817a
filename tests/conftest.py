"""For all rooms: one embedded PostgreSQL per test process, in which every test finds an empty database."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import Connection, text
from tests.databases import new_database, opened, run_alone

from leadwise.store.database import Database, open_database

pa.array([0])  # lets Arrow find pandas, which a service in this process would hide from it for good

EMPTIED = (
    "activations",
    "models",
    "scores",
    "leads",
    "past_changes",
    "erasures",
    "api_keys",
    "audit",
    "jobs",
    "procrastinate_jobs",
    "procrastinate_workers",
    "idempotency",
)


@pytest.fixture(scope="session")
def shared_folder() -> Iterator[Path]:
    # Not below pytest's own folder: that one is closed to the account that PostgreSQL runs as when root runs the tests.
    folder = Path(tempfile.mkdtemp(prefix="lw-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(shared_folder: Path) -> Iterator[Database]:
    with open_database(None, shared_folder) as database:
        # Nobody kills this one, so that nothing need be safe on disk; those that are killed are servers of their own.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            run_alone(database, f"ALTER SYSTEM SET {setting} = off")
        run_alone(database, "SELECT pg_reload_conf()")
        yield database


@pytest.fixture
def empty_url(server: Database) -> Iterator[str]:
    """The URL of a database in which nothing was ever made."""
    with new_database(server) as url:
        yield url


@pytest.fixture(scope="session")
def migrated(server: Database) -> Iterator[Database]:
    with opened(server) as database:
        yield database


@pytest.fixture
def database(migrated: Database) -> Database:
    """A migrated database without rows, but for the default organisation."""
    with migrated.transaction() as connection:
        for table in EMPTIED:  # the rest goes with the leads
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own names
        connection.execute(text("DELETE FROM organisations WHERE id <> 'default'"))
        connection.execute(text("UPDATE organisations SET recorded_at = clock_timestamp()"))  # this one is begun anew
    return migrated


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.transaction() as connection:
        yield connection


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A folder for a server of one's own; short, and open to the account that PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="lw-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
