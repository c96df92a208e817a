"""A library without what it only looks whether it is there."""

import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from types import ModuleType

_LOOKED_FOR = "pandas"
_importing = threading.Lock()


def import_lean() -> None:
    """Let Arrow look for pandas while it cannot be found, which it does when it makes its first array, and never again.

    For processes that answer and do not fit: it spares them a second. Arrow does without pandas where that is not
    installed, which is how it finds the world here; nobody in such a process gives it a frame. If Arrow has looked
    already, nothing changes.
    """
    with _importing:
        hiding = _Hiding()
        sys.meta_path.insert(0, hiding)
        try:
            import_module("pyarrow").array([0])
        finally:
            sys.meta_path.remove(hiding)


class _Hiding(MetaPathFinder):
    """Keeps the thread that made it from finding what is looked for."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        del path, target
        if fullname.partition(".")[0] == _LOOKED_FOR and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(fullname, name=fullname)
