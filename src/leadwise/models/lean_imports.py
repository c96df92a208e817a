"""Libraries without what they only look whether it is there."""

import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from types import ModuleType

_LOOKED_FOR = frozenset({"pandas", "sklearn"})
_importing = threading.Lock()


def import_lean() -> None:
    """Import LightGBM and Arrow without pandas and scikit-learn behind them: half a second in place of five.

    For processes that answer and do not fit. Both libraries do without these where they are not installed, which is how
    they find the world here; nobody in such a process gives them a frame of pandas. What is imported already stays.
    """
    with _importing:
        if "lightgbm" in sys.modules:
            return
        hiding = _Hiding()
        sys.meta_path.insert(0, hiding)
        try:
            import_module("lightgbm")
            import_module("pyarrow").array([0])  # looks for pandas when it makes its first array, and then never again
        finally:
            sys.meta_path.remove(hiding)


class _Hiding(MetaPathFinder):
    """Keeps the thread that made it from finding what is looked for."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        del path, target
        if fullname.partition(".")[0] in _LOOKED_FOR and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(fullname, name=fullname)
