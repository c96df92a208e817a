"""The bytes of a table file, unpacked where they are packed."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from leadwise.connectors.errors import (
    DamagedTableError,
    EmptyTableError,
    FileNotPermittedError,
    TableIsFolderError,
    TableNotFoundError,
    TableNotReadableError,
)

_GZIP = b"\x1f\x8b"
CHUNK_BYTES = 1 << 22


@dataclass(frozen=True)
class Source:
    """A file that is there and holds something.

    Args:
        path: Where it is.
        packed: Whether it is packed with gzip.
    """

    path: Path
    packed: bool

    @property
    def ending(self) -> str:
        """The file's ending in small letters, without that of the packing."""
        path = self.path.with_suffix("") if self.path.suffix.lower() == ".gz" else self.path
        return path.suffix.lower()

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The unpacked bytes, from the start; what the system refuses becomes an error of ours."""
        with reading(self.path), self.path.open("rb") as file:
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if self.packed else file

    def head(self, size: int) -> bytes:
        """The first bytes, at most so many."""
        with self.open() as file:
            return file.read(size)

    def chunks(self) -> Iterator[bytes]:
        """All bytes in pieces."""
        with self.open() as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def find_source(path: Path) -> Source:
    """The file at a path.

    Raises:
        TableNotFoundError, TableIsFolderError, FileNotPermittedError, EmptyTableError: as they say.

    >>> find_source(Path("nowhere/leads.csv"))
    Traceback (most recent call last):
    leadwise.connectors.errors.TableNotFoundError: There is no file nowhere/leads.csv; its folder nowhere does not ...
    """
    with reading(path):
        if path.is_dir():
            raise TableIsFolderError(path)
        with path.open("rb") as file:
            magic = file.read(len(_GZIP))
    source = Source(path, packed=magic == _GZIP)
    if not source.head(1):
        raise EmptyTableError(path)
    return source


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system says while a file is read into errors of ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise TableNotFoundError(path) from error
    except PermissionError as error:
        raise FileNotPermittedError(path, "read") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DamagedTableError(path, "a gzip file", str(error)) from error
    except OSError as error:
        raise TableNotReadableError(path, error.strerror or str(error)) from error
