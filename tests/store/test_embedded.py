import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from leadwise.store import cluster
from leadwise.store.account import SYSTEM_FOLDER, Account, find_account
from leadwise.store.cluster import LOG_NAME, Answer, Cluster
from leadwise.store.database import Database, open_database
from leadwise.store.embedded import EmbeddedServer
from leadwise.store.errors import ClusterVersionError, FolderForbiddenError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="not offered by the other side: only root changes accounts")

USE_AND_WAIT = """
import sys
from pathlib import Path
from leadwise.store.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
print("here", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_user(data_folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that uses the server until its standard input is closed."""
    command = [sys.executable, "-c", USE_AND_WAIT, str(data_folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        yield process


def postmaster(cluster: Cluster) -> int:
    return int(cluster.folder.joinpath("postmaster.pid").read_text().split()[0])


def count_organisations(database: Database) -> object:
    with database.transaction() as connection:
        return connection.scalar(text("SELECT count(*) FROM organisations"))


def test_the_server_runs_until_the_last_user_leaves(data_folder: Path):
    server = EmbeddedServer(data_folder)
    with another_user(data_folder) as other:
        first = postmaster(server.cluster)
        server.close()
        assert server.cluster.ask() is Answer.READY
        assert postmaster(server.cluster) == first
        assert other.stdin is not None
        other.stdin.close()  # ends without closing
        other.wait()
    assert server.cluster.ask() is Answer.NONE


@pytest.mark.slow
def test_data_outlive_the_server(data_folder: Path):
    for expected in (1, 2):
        with open_database(None, data_folder) as database:
            assert count_organisations(database) == expected
            with database.transaction() as connection:
                connection.execute(text("INSERT INTO organisations (id) VALUES (gen_random_uuid()::text)"))


@pytest.mark.slow
def test_users_that_were_killed_do_not_keep_the_server_alive(data_folder: Path):
    with another_user(data_folder) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
    server = EmbeddedServer(data_folder)  # joins the server that nobody stopped
    assert server.cluster.ask() is Answer.READY
    server.close()
    assert server.cluster.ask() is Answer.NONE


@pytest.mark.slow
def test_a_server_that_does_not_end_when_asked_is_ended_and_loses_nothing(data_folder: Path, monkeypatch):
    monkeypatch.setattr(cluster, "STOP_SECONDS", 10)
    with open_database(None, data_folder) as database, database.transaction() as connection:
        connection.execute(text("INSERT INTO organisations (id) VALUES ('kept')"))
        helper = connection.scalar(text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))
        os.kill(helper, signal.SIGSTOP)
    assert database._server is not None
    assert database._server.cluster.ask() is Answer.NONE
    with open_database(None, data_folder) as reopened:
        assert count_organisations(reopened) == 2


def test_a_killed_server_is_recovered_by_the_next_user(data_folder: Path):
    with open_database(None, data_folder) as database:
        assert database._server is not None
        os.kill(postmaster(database._server.cluster), signal.SIGKILL)
        with open_database(None, data_folder) as reopened:
            assert count_organisations(reopened) == 1


def test_an_open_database_finds_back_to_a_killed_server(data_folder: Path):
    with open_database(None, data_folder) as database:
        assert database._server is not None
        os.kill(postmaster(database._server.cluster), signal.SIGKILL)
        database.engine.dispose()  # the server's helpers take a moment to notice; a new connection fails at once
        assert count_organisations(database) == 1


@pytest.mark.slow
def test_a_process_id_that_now_belongs_to_another_program_does_not_stop_the_start(data_folder: Path):
    server = EmbeddedServer(data_folder)
    server.close()
    account = server.cluster.account
    with subprocess.Popen(["sleep", "60"], user=account.user_id if account else None) as sleeper:  # noqa: S607
        lines = [sleeper.pid, server.cluster.folder, 1, 5432, server.cluster.folder, "", "1 1", "ready"]
        for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            server.cluster.folder.joinpath(lock).write_text("".join(f"{line}\n" for line in lines))
        server = EmbeddedServer(data_folder)
        assert server.cluster.ask() is Answer.READY
        assert sleeper.poll() is None
        server.close()
        sleeper.kill()


@pytest.mark.slow
def test_a_first_start_that_was_killed_does_not_spoil_the_next(data_folder: Path):
    unfinished = data_folder / "postgresql.unfinished"
    unfinished.mkdir()
    unfinished.joinpath("PG_VERSION").write_text("18\n")
    with open_database(None, data_folder) as database:
        assert count_organisations(database) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x" * 120, "with space, comma 'quote' \"quotes\" $(touch x)"])
def test_any_name_of_a_folder_will_do(data_folder: Path, name: str):
    folder = data_folder / name
    with open_database(None, folder) as database, open_database(None, folder) as joined:
        assert count_organisations(database) == count_organisations(joined) == 1


def test_nobody_else_reaches_the_socket(server: Database):
    assert server._server is not None
    folder = server._server.cluster.folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.joinpath(".s.PGSQL.5432").stat().st_mode) == 0o700


def test_the_log_of_the_server_does_not_repeat_values_of_rows(server: Database):
    assert server._server is not None
    add = text("INSERT INTO organisations (id) VALUES (:name)")
    for _ in range(2):
        with suppress(IntegrityError), server.transaction() as connection:
            connection.execute(add, {"name": "anna@example.com"})
    log = server._server.cluster.folder.joinpath(LOG_NAME).read_text()
    assert "duplicate key value" in log
    assert "anna" not in log


def test_data_of_another_postgresql_are_left_alone(data_folder: Path):
    cluster = data_folder / "postgresql"
    cluster.mkdir()
    cluster.joinpath("PG_VERSION").write_text("16\n")
    with pytest.raises(ClusterVersionError, match="PostgreSQL 18, but holds data of PostgreSQL 16"):
        open_database(None, data_folder)


def test_a_data_folder_that_is_a_file_cannot_be_used(data_folder: Path):
    file = data_folder / "file"
    file.write_text("")
    with pytest.raises(FolderForbiddenError, match="not a folder"):
        open_database(None, file)


@as_root
def test_a_folder_that_belongs_to_another_user_cannot_be_used(data_folder: Path):
    account = find_account()
    assert account is not None
    # As another user: root may write everywhere. Python itself may lie where only root can read, so in a fork.
    if (child := os.fork()) == 0:
        os.setgid(account.group_id)
        os.setuid(account.user_id)
        try:
            EmbeddedServer(data_folder / "below")
        except FolderForbiddenError as error:
            os._exit(0 if "Permission denied" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@as_root
@pytest.mark.slow
def test_for_root_a_closed_folder_stays_closed_and_the_data_lie_outside(data_folder: Path):
    closed = data_folder / "home"
    closed.mkdir(mode=0o700)
    with open_database(None, closed / "data") as database:
        assert count_organisations(database) == 1
    home = (closed / "data" / "postgresql").readlink()
    assert home.is_relative_to(SYSTEM_FOLDER)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    with open_database(None, closed / "data") as database:
        assert count_organisations(database) == 1
    shutil.rmtree(home.parent)
    with open_database(None, closed / "data") as database:
        assert count_organisations(database) == 1
    shutil.rmtree((closed / "data" / "postgresql").readlink().parent)


def test_an_account_enters_only_what_is_open_to_it(data_folder: Path):
    stranger = Account(user_id=54_321, group_id=54_321)
    inner = data_folder / "inner"
    inner.mkdir()
    assert stranger.can_enter(inner)
    data_folder.chmod(0o700)
    assert not stranger.can_enter(inner)
    assert Account(os.geteuid(), 54_321).can_enter(inner)
