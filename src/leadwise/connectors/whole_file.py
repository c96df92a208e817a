"""Files that appear whole or not at all.

Everything goes to a temporary file in the same folder, which takes the final name when all is written. After a full
disk or Ctrl-C the old file is as it was, and nothing else is left. Only a process that is killed outright (`kill -9`, a
power cut) cannot clean up: it leaves a hidden file ".NAME.xxxxxxxx.part" beside the old one, which may be deleted.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from leadwise.connectors.errors import FileNotPermittedError, FileNotWrittenError, NotAFileError, OverwritesInputError


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to; it takes its name when the block ends without an error.

    Raises:
        FileNotPermittedError, FileNotWrittenError: as they say; then nothing was changed.

    >>> path = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with whole_file(path) as file:
    ...     _ = file.write(b"all of it")
    ...     path.exists()
    False
    >>> path.read_text()
    'all of it'
    """
    with writing(path):
        target = path.resolve()  # a link stays a link
        _check_place(path, target)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())  # a temporary file is private, this one need not be
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one piece. Raises as `whole_file` does."""
    with whole_file(path) as file:
        file.write(content)


def check_writable(path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Refuse a place that cannot be written to, before hours of work are done for it.

    Args:
        path: Where a file will be written.
        inputs: Files that are read for it, and that it must not replace.

    Raises:
        FileNotPermittedError, FileNotWrittenError, NotAFileError, OverwritesInputError: as they say.

    >>> check_writable(Path(tempfile.mkdtemp()) / "absent" / "model.leadwise")
    Traceback (most recent call last):
    leadwise.connectors.errors.FileNotWrittenError: ...model.leadwise could not be written: its folder ... does not ...
    """
    with writing(path):
        target = path.resolve()
        _check_place(path, target)
        for read in inputs:
            if target == read.resolve():
                raise OverwritesInputError(path)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".part")
        os.close(handle)
        Path(name).unlink()


def _check_place(path: Path, target: Path) -> None:
    """Refuse to put a file where a folder, a device or a pipe is."""
    if target.exists() and not target.is_file():
        raise NotAFileError(path)
    if not target.parent.is_dir():
        raise FileNotWrittenError(path, f"its folder {path.parent} does not exist")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says while a file is written into errors of ours."""
    try:
        yield
    except PermissionError as error:
        raise FileNotPermittedError(path, "write") from error
    except OSError as error:
        raise FileNotWrittenError(path, error.strerror or str(error)) from error


def _umask() -> int:
    mask = os.umask(0)  # the only way to learn it is to set it
    os.umask(mask)
    return mask
