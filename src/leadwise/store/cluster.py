"""One PostgreSQL cluster on disk: making it, starting it, stopping it, asking whether it answers.

Callers see to it that only one process at a time starts or stops a cluster (`store.embedded` does).
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import psycopg

from leadwise.store.account import POSTGRES_MAJOR, Account
from leadwise.store.errors import ClusterVersionError, DiskFullError, ServerStartError

SUPERUSER = "leadwise"
DATABASE = "postgres"
PORT = 5432
"""Only names the socket file; nothing listens on the network."""
START_SECONDS = 600
"""How long a start may take: after a crash with much unfinished work, recovery takes minutes."""
STOP_SECONDS = 60
REMNANT_SECONDS = 30
"""How long remnants of a killed server may stand in the way of the next one."""
LONGEST_SOCKET_FOLDER = 80
"""Bytes. A socket's whole path may have 103 (macOS) or 107 (Linux); `/.s.PGSQL.5432.lock` is added to the folder."""
LOG_NAME = "server.log"
SETTINGS_NAME = "leadwise.conf"


class Answer(Enum):
    """What a cluster's server says to a visitor."""

    READY = auto()
    BUSY = auto()
    """Starting, recovering or stopping: ask again."""
    NONE = auto()


@dataclass(frozen=True)
class Cluster:
    """A cluster in a folder, the programs to run it and the account to run them as.

    Programs are run inside the folder and given relative paths, because `pg_ctl` passes its paths through a shell.
    """

    folder: Path
    programs: Path
    account: Account | None

    def create(self) -> None:
        """Make the cluster unless it is there. A kill in the middle leaves nothing that a start would take for one.

        Raises:
            ClusterVersionError: if it is there, but of another major version.
        """
        if self.folder.joinpath("PG_VERSION").exists():
            return self._check_version()
        unfinished = self.folder.with_name(f"{self.folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._own(unfinished)
        done = self._run("initdb", *_INITDB_OPTIONS, folder=unfinished)
        if done.returncode != 0:
            raise _start_error(self.folder, done.stderr)
        with unfinished.joinpath("postgresql.conf").open("a") as settings:
            settings.write(f"\ninclude '{SETTINGS_NAME}'\n")
        unfinished.rename(self.folder)
        return None

    def _check_version(self) -> None:
        found = self.folder.joinpath("PG_VERSION").read_text().strip()
        if found != POSTGRES_MAJOR:
            raise ClusterVersionError(self.folder, POSTGRES_MAJOR, found)

    def start(self) -> None:
        """Start the server and wait until it answers; recovers first if it was killed.

        Raises:
            DiskFullError: if there is no room to start.
            ServerStartError: if it does not start for another reason.
        """
        self._write_settings()
        deadline = time.monotonic() + REMNANT_SECONDS
        while complaint := self._try_start():
            if time.monotonic() > deadline or not self._clear_remnants(complaint):
                raise _start_error(self.folder, complaint)

    def _try_start(self) -> str:
        """What the server wrote to its log before it gave up; empty if it started."""
        log = self.folder / LOG_NAME
        written = log.stat().st_size if log.exists() else 0
        done = self._run("pg_ctl", "start", "-D", ".", "-l", LOG_NAME, "-w", "-t", str(START_SECONDS))
        if done.returncode == 0:
            return ""
        with log.open("rb") as lines:
            lines.seek(written)
            return lines.read().decode(errors="replace") or done.stderr or "no reason given"

    def _clear_remnants(self, complaint: str) -> bool:
        """Whether it is worth trying again: a killed server's remains stood in the way, and they go.

        After a reboot, the process id in a lock file may belong to another program by now. Nobody answers at the
        socket and nobody else may start the server, so the files are stale; should a server live after all,
        PostgreSQL still refuses to start a second one on the same shared memory.
        """
        if 'lock file "' in complaint and "already exists" in complaint:
            for name in ("postmaster.pid", f".s.PGSQL.{PORT}.lock"):
                self.folder.joinpath(name).unlink(missing_ok=True)
        elif "pre-existing shared memory block" not in complaint:
            return False
        time.sleep(0.2)
        return True

    def stop(self) -> None:
        """Stop the server, ending its connections, and wait until it is gone.

        One that is recovering from a crash (its disk was full) may never end when it is asked politely. It is ended at
        once, and recovers when it is started next: nothing that was stored is lost.
        """
        stopped = self.ask() is not Answer.BUSY and self._stop("fast")
        if not stopped and self.ask() is not Answer.NONE:
            self._stop("immediate")

    def _stop(self, mode: str) -> bool:
        done = self._run("pg_ctl", "stop", "-D", ".", "-m", mode, "-w", "-t", str(STOP_SECONDS))
        return done.returncode == 0

    def ask(self) -> Answer:
        """Whether the server answers now."""
        socket_folder = self.find_socket_folder()
        if socket_folder is None or not _somebody_listens(f"{socket_folder}/.s.PGSQL.{PORT}"):
            return Answer.NONE
        try:
            psycopg.connect(host=socket_folder, port=PORT, user=SUPERUSER, dbname=DATABASE).close()
        except psycopg.OperationalError as error:
            # It speaks English: it is started with LC_ALL=C. Other complaints (too many clients) come from a ready one.
            return Answer.BUSY if "the database system is" in str(error) else Answer.READY
        return Answer.READY

    def find_socket_folder(self) -> str | None:
        """The folder of the socket that the server wrote down when it started; None if it did not, or was stopped."""
        try:
            lines = self.folder.joinpath("postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        socket_folder_line = 4
        return lines[socket_folder_line] or None if len(lines) > socket_folder_line else None

    def _write_settings(self) -> None:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": _quoted_name(self._socket_folder()),
            # Whoever reaches the socket is let in without a password: nobody else may reach it.
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            # Pages that random keys touch after a checkpoint are written whole: a third of the time of an import.
            "wal_compression": "on",
            # Details of an error tell values of rows, which the log would keep after a person was erased.
            "log_error_verbosity": "terse",
            "lc_messages": "C",
        }
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        self.folder.joinpath(SETTINGS_NAME).write_text("".join(lines))

    def _socket_folder(self) -> Path:
        folder = self.folder.resolve()
        # The client library takes a comma for the end of one host and the beginning of another.
        if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and "," not in str(folder):
            return folder
        # Its random name is found again in postmaster.pid.
        short = Path(tempfile.mkdtemp(prefix="leadwise-"))
        self._own(short)
        return short

    def _own(self, folder: Path) -> None:
        if self.account is not None:
            os.chown(folder, self.account.user_id, self.account.group_id)

    def _run(self, program: str, *options: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program of PostgreSQL without the caller's PG* variables, which would change what it does."""
        # Output goes to a file: the server that pg_ctl leaves behind would hold a pipe open for ever.
        with tempfile.TemporaryFile("w+", errors="replace") as complaints:
            done = subprocess.run(  # noqa: S603 - a program and options of our own
                [self.programs / program, *options],
                cwd=folder or self.folder,
                env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                check=False,
                umask=0o077,
                user=self.account.user_id if self.account else None,
                group=self.account.group_id if self.account else None,
                extra_groups=[] if self.account else None,
            )
            complaints.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, "", complaints.read())


_INITDB_OPTIONS = (
    "--pgdata=.",
    f"--username={SUPERUSER}",
    "--auth=trust",
    "--encoding=UTF8",
    # Sorting that is the same on every machine and does not change with the system's C library.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)


def _somebody_listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as visitor:
        try:
            visitor.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def _quoted_name(folder: Path) -> str:
    """A folder as an item of a list setting, which splits at commas and spaces."""
    return '"' + str(folder).replace('"', '""') + '"'


def _start_error(folder: Path, complaint: str) -> DiskFullError | ServerStartError:
    if "No space left on device" in complaint:
        return DiskFullError(str(folder))
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    reasons = [line for line in lines if "FATAL" in line or "error:" in line] or lines
    return ServerStartError(folder, reasons[0] if reasons else "no reason given")
