"""Files that appear whole or not at all.

Everything goes to a temporary file in the same folder, which takes the final name when all is written. After a full
disk or Ctrl-C the old file is as it was, and nothing else is left.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from leadwise.connectors.errors import FileNotPermittedError, FileNotWrittenError


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
    with _our_errors(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())  # a temporary file is private, this one need not be
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one piece. Raises as `whole_file` does."""
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def _our_errors(path: Path) -> Iterator[None]:
    """Turn what the system says while a file is written into errors of ours."""
    try:
        yield
    except PermissionError as error:
        raise FileNotPermittedError(path, "write") from error
    except FileNotFoundError as error:
        raise FileNotWrittenError(path, f"its folder {path.parent} does not exist") from error
    except OSError as error:
        raise FileNotWrittenError(path, error.strerror or str(error)) from error


def _umask() -> int:
    mask = os.umask(0)  # the only way to learn it is to set it
    os.umask(mask)
    return mask
