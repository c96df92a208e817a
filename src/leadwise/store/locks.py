"""Locks between processes that the operating system lets go of when a process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileLock:
    """A lock on a file. Several may share it, or one may have it alone.

    It is let go of by closing the file, never by unlocking: a forked child has the same open file, and unlocking there
    would take the lock away from the parent.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def share(self) -> None:
        """Hold it together with others; waits while one has it alone."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def take(self) -> None:
        """Hold it alone; waits while others hold it."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def try_take(self) -> bool:
        """Hold it alone if nobody else holds it; says whether it is held now."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let go."""
        os.close(self._file)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Run a block while no other process runs one under the same path."""
    lock = FileLock(path)
    try:
        lock.take()
        yield
    finally:
        lock.close()
