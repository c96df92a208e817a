"""Folders, here or far away, in which files and folders appear whole or not at all.

A folder of this machine (`LocalFolder`) is written beside and renamed, and locked by the operating system. Any other
(`RemoteFolder`) is spoken to by fsspec: each file is put at once, and a folder has been written when whoever names it
says so; there are no locks.
"""

import io
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from leadwise.store.locks import FileLock
from leadwise.training.feature_store.errors import StoreNotReachedError, UnusableStoreError

Writer = Callable[[BinaryIO], object]
"""Writes a file's content."""
PART = ".part"
"""How the names of what is not written yet end; they begin with a dot."""
LOCK = ".lock"


class Folder(Protocol):
    """A place for files and folders; names may lead into folders within ("a/b.json")."""

    @property
    def where(self) -> str:
        """The place, as people call it."""
        ...

    def below(self, name: str) -> "Folder":
        """A folder within; it need not be there yet."""
        ...

    def names(self) -> list[str]:
        """What is there, sorted, without what is hidden; nothing, if the folder is not there."""
        ...

    def find(self, name: str) -> bytes | None:
        """A file's content; None if it is not there."""
        ...

    def write(self, name: str, write: Writer) -> None:
        """Put a file there, in place of one of that name."""
        ...

    def write_folder(self, name: str, files: Mapping[str, Writer]) -> None:
        """Put a folder of files there."""
        ...

    def remove(self, name: str) -> None:
        """Delete a file or folder with all that is in it."""
        ...

    def remove_parts(self) -> None:
        """Delete what writing has left that was killed. Only for who holds the folder alone."""
        ...

    @contextmanager
    def held(self, *, alone: bool, waiting: Callable[[], None]) -> Iterator[None]:
        """Run a block while nobody else holds the folder, or while nobody holds it alone.

        `waiting` is called first if somebody has to be waited for.
        """
        ...


def open_folder(place: str) -> Folder:
    """The folder at a path or URL.

    Raises:
        UnusableStoreError: if fsspec does not know such URLs, or needs a package that is not there.

    >>> open_folder("memory://features").where
    'memory://features'
    >>> open_folder("nowhere://features")
    Traceback (most recent call last):
    leadwise.training.feature_store.errors.UnusableStoreError: The feature store should be a folder, or a URL that ...
    """
    if "://" not in place:
        return LocalFolder(Path(place))
    if place.startswith("file://"):
        return LocalFolder(Path(unquote(urlsplit(place).path)))
    import fsspec  # noqa: PLC0415 - only who names a URL needs it

    try:
        system, path = fsspec.core.url_to_fs(place)
    except (ImportError, ValueError, OSError) as error:
        raise UnusableStoreError(place, str(error).rstrip(".")) from error
    return RemoteFolder(system, path, place.rstrip("/"))


class LocalFolder:
    """A folder of this machine; it is made when something is written to it."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()

    @property
    def where(self) -> str:
        """Its path."""
        return str(self._path)

    def below(self, name: str) -> "LocalFolder":
        """As `Folder.below`."""
        return LocalFolder(self._path / name)

    def names(self) -> list[str]:
        """As `Folder.names`."""
        with _our_errors(self.where):
            found = self._path.iterdir() if self._path.is_dir() else ()
            return sorted(entry.name for entry in found if not entry.name.startswith("."))

    def find(self, name: str) -> bytes | None:
        """As `Folder.find`."""
        with _our_errors(self.where):
            try:
                return (self._path / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, name: str, write: Writer) -> None:
        """As `Folder.write`."""
        target = self._path / name
        part = target.with_name(f".{target.name}{PART}")
        with _our_errors(self.where), _removing(part):
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_through(part, write)
            part.replace(target)
            _sync(target.parent)

    def write_folder(self, name: str, files: Mapping[str, Writer]) -> None:
        """As `Folder.write_folder`."""
        part = self._path / f".{name}{PART}"
        with _our_errors(self.where), _removing(part):
            part.mkdir(parents=True)
            for file, write in files.items():
                _write_through(part / file, write)
            _sync(part)
            part.rename(self._path / name)
            _sync(self._path)

    def remove(self, name: str) -> None:
        """As `Folder.remove`."""
        with _our_errors(self.where):
            _remove(self._path / name)

    def remove_parts(self) -> None:
        """As `Folder.remove_parts`."""
        with _our_errors(self.where):
            for part in self._path.glob(f"**/.*{PART}"):
                _remove(part)

    @contextmanager
    def held(self, *, alone: bool, waiting: Callable[[], None]) -> Iterator[None]:
        """As `Folder.held`. Whoever is killed lets go."""
        with ExitStack() as stack:
            with _our_errors(self.where):
                self._path.mkdir(parents=True, exist_ok=True)
                lock = FileLock(self._path / LOCK)
            stack.callback(lock.close)
            if not alone:
                lock.share()
            elif not lock.try_take():
                waiting()
                lock.take()
            yield


class RemoteFolder:
    """A folder that fsspec reaches."""

    def __init__(self, system: Any, path: str, where: str) -> None:
        self._system, self._path, self._where = system, path.rstrip("/"), where

    @property
    def where(self) -> str:
        """Its URL."""
        return self._where

    def below(self, name: str) -> "RemoteFolder":
        """As `Folder.below`."""
        return RemoteFolder(self._system, f"{self._path}/{name}", f"{self._where}/{name}")

    def names(self) -> list[str]:
        """As `Folder.names`."""
        with _our_errors(self.where):
            self._system.invalidate_cache()
            try:
                found = self._system.ls(self._path, detail=False)
            except FileNotFoundError:
                return []
            return sorted(name for path in found if not (name := path.rstrip("/").rpartition("/")[2]).startswith("."))

    def find(self, name: str) -> bytes | None:
        """As `Folder.find`."""
        with _our_errors(self.where):
            try:
                content: bytes = self._system.cat_file(f"{self._path}/{name}")
            except FileNotFoundError:
                return None
            return content

    def write(self, name: str, write: Writer) -> None:
        """As `Folder.write`."""
        content = io.BytesIO()
        write(content)
        with _our_errors(self.where):
            self._system.makedirs(f"{self._path}/{name}".rpartition("/")[0], exist_ok=True)
            self._system.pipe_file(f"{self._path}/{name}", content.getvalue())

    def write_folder(self, name: str, files: Mapping[str, Writer]) -> None:
        """As `Folder.write_folder`."""
        for file, write in files.items():
            self.write(f"{name}/{file}", write)

    def remove(self, name: str) -> None:
        """As `Folder.remove`."""
        with _our_errors(self.where):
            self._system.rm(f"{self._path}/{name}", recursive=True)

    def remove_parts(self) -> None:
        """Nothing: a file that was not put is not there."""

    @contextmanager
    def held(self, *, alone: bool, waiting: Callable[[], None]) -> Iterator[None]:  # noqa: ARG002 - as `Folder.held`
        """Run the block: nobody can be waited for."""
        yield


def _write_through(path: Path, write: Writer) -> None:
    with path.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Let the names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _removing(part: Path) -> Iterator[None]:
    """Remove what is there before, and what is left of it afterwards."""
    _remove(part)
    try:
        yield
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _our_errors(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreNotReachedError(where, error.strerror or str(error)) from error
