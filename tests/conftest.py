"""For all rooms: one embedded PostgreSQL per test process, in which every test finds an empty database."""

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import Connection, create_engine, text

from leadwise.store.database import Database, open_database

pa.array([0])  # lets Arrow find pandas, which a service in this process would hide from it for good

_numbers = count(1)
EMPTIED = (
    "activations",
    "models",
    "scores",
    "leads",
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
        yield database


@pytest.fixture
def empty_url(server: Database) -> Iterator[str]:
    """The URL of a database in which nothing was ever made."""
    name = f"test_{next(_numbers)}"
    _run_alone(server, f"CREATE DATABASE {name} TEMPLATE template0")
    yield server.url.set(database=name).render_as_string(hide_password=False)
    _run_alone(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated(server: Database) -> Iterator[Database]:
    _run_alone(server, "CREATE DATABASE migrated TEMPLATE template0")
    url = server.url.set(database="migrated").render_as_string(hide_password=False)
    with open_database(url, Path("unused")) as database:
        yield database


@pytest.fixture
def database(migrated: Database) -> Database:
    """A migrated database without rows, but for the default organisation."""
    with migrated.transaction() as connection:
        for table in EMPTIED:  # the rest goes with the leads
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own names
        connection.execute(text("DELETE FROM organisations WHERE id <> 'default'"))
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


def _run_alone(server: Database, statement: str) -> None:
    """Run what may not be run in a transaction."""
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
