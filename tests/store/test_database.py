import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from leadwise.domain.errors import Forbidden, Invalid, LeadwiseError, Missing, Unavailable
from leadwise.store.database import Database, normalised_url, open_database
from leadwise.store.errors import (
    DatabaseForbiddenError,
    DiskFullError,
    LoginRefusedError,
    RowsBusyError,
    ServerUnreachableError,
    UnknownDatabaseError,
    UnusableDatabaseUrlError,
)
from leadwise.store.translation import translate

UNUSED = Path("unused")
SECRET = "hunter2"  # noqa: S105 - of a user that lives for one test


def refusal(url: str) -> LeadwiseError:
    with pytest.raises(LeadwiseError) as caught:
        open_database(url, UNUSED)
    return caught.value


@pytest.fixture
def guarded_url(server: Database) -> Iterator[str]:
    """A user that needs a password and may make nothing in the database."""
    with server.transaction() as connection:
        folder = Path(str(connection.scalar(text("SHOW data_directory"))))
        connection.execute(text(f"CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'"))
    access = folder / "pg_hba.conf"
    before = access.read_text()
    access.write_text("local all guarded scram-sha-256\n" + before)
    with server.transaction() as connection:
        connection.execute(text("SELECT pg_reload_conf(), pg_sleep(0.1)"))
    yield server.url.set(username="guarded", password=SECRET).render_as_string(hide_password=False)
    access.write_text(before)
    with server.transaction() as connection:
        connection.execute(text("DROP ROLE guarded"))
        connection.execute(text("SELECT pg_reload_conf()"))


def test_a_transaction_that_fails_leaves_nothing(database: Database):
    def fail_half_way() -> None:
        with database.transaction() as connection:
            connection.execute(text("INSERT INTO organisations (id) VALUES ('half')"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    with database.transaction() as connection:
        assert connection.scalar(text("SELECT count(*) FROM organisations")) == 1


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://anna:{SECRET}@localhost/leads",
        f"anna {SECRET}",
        f"postgresql://anna:{SECRET}@localhost:port/leads",
        f"postgresql://anna:{SECRET}@localhost",
    ],
)
def test_a_url_that_is_not_one_of_postgresql_is_invalid(url: str):
    error = refusal(url)
    assert isinstance(error, UnusableDatabaseUrlError)
    assert isinstance(error, Invalid)
    assert "must look like postgresql://" in str(error)
    assert SECRET not in str(error)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_way_to_write_a_postgresql_url_uses_our_driver(scheme: str):
    assert normalised_url(f"{scheme}://anna@db/leads").drivername == "postgresql+psycopg"


def test_a_server_that_is_not_there_is_unavailable():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(f"postgresql://anna:{SECRET}@127.0.0.1:{port}/leads?password={SECRET}")
    assert isinstance(error, ServerUnreachableError)
    assert isinstance(error, Unavailable)
    assert str(error).startswith(f"A PostgreSQL server was expected at 127.0.0.1:{port}/leads, but")
    assert SECRET not in str(error)


def test_a_wrong_password_is_refused_and_not_shown(guarded_url: str):
    error = refusal(guarded_url.replace(SECRET, "wrong-one"))
    assert isinstance(error, LoginRefusedError)
    assert isinstance(error, Forbidden)
    assert 'password authentication failed for user "guarded"' in str(error)
    assert "wrong-one" not in str(error)


def test_a_user_without_rights_is_told_so(guarded_url: str):
    error = refusal(guarded_url)
    assert isinstance(error, DatabaseForbiddenError)
    assert "permission denied" in str(error)
    assert SECRET not in str(error)


def test_an_unknown_database_is_missing(server: Database):
    error = refusal(server.url.set(database="nowhere").render_as_string(hide_password=False))
    assert isinstance(error, UnknownDatabaseError)
    assert isinstance(error, Missing)
    assert 'has no database "nowhere"' in str(error)


def test_a_full_disk_is_said_to_be_full(database: Database):
    with pytest.raises(DiskFullError, match="disk is full"), database.transaction() as connection:
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$"))


@pytest.mark.parametrize("code", ["deadlock_detected", "serialization_failure", "lock_not_available"])
def test_rows_that_another_program_holds_are_said_to_be_busy(database: Database, code: str):
    with pytest.raises(RowsBusyError, match="Nothing of the step was stored; try again"), database.transaction() as own:
        own.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'held' USING ERRCODE = '{code}'; END $$"))


def test_a_mistake_of_our_own_stays_visible_without_the_values(database: Database):
    with pytest.raises(ProgrammingError) as caught, database.transaction() as connection:
        connection.execute(text("SELECT :name FROM nowhere"), {"name": "Erika Mustermann"})
    assert "Erika" not in str(caught.value)
    assert translate(pg.UndefinedTable("no such table"), database.url) is None
