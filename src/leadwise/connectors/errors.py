"""Why a table cannot be read or written, as one class per cause."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from leadwise.domain.errors import Conflict, Forbidden, Invalid, Missing, Unavailable

KINDS = "CSV, TSV, Parquet, Excel (.xlsx, .xls, .xlsb, .ods) or JSON Lines"
_NAMES_SHOWN = 5


class TableNotFoundError(Missing):
    """There is no such file; the nearest names in its folder are offered."""

    code = "table_not_found"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"There is no file {path}{_nearest(path)}.")


class TableIsFolderError(Invalid):
    """The path leads to a folder."""

    code = "table_is_folder"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is a folder, but a table file was expected; name one file in it.")


class FileNotPermittedError(Forbidden):
    """The system does not let us read or write the file."""

    code = "file_not_permitted"

    def __init__(self, path: Path, doing: str) -> None:
        self.path = path
        super().__init__(f"You may not {doing} {path}; ask its owner for permission, or choose another place.")


class TableNotReadableError(Unavailable):
    """The disk or the network failed while reading."""

    code = "table_not_readable"

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} could not be read: {reason}; try again, or copy the file to a local disk first.")


class FileNotWrittenError(Unavailable):
    """The disk is full or failed while writing; nothing was left behind."""

    code = "file_not_written"

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path} could not be written: {reason}; nothing half-written was left behind. "
            "Make room or choose another place, and run it again."
        )


class NotAFileError(Conflict):
    """Where a file should go there is a folder, a device or a pipe."""

    code = "not_a_file"

    def __init__(self, path: Path) -> None:
        self.path = path
        there = "a folder" if path.is_dir() else "no ordinary file"
        super().__init__(f"{path} is {there}, but the name of a file to write was expected; choose another name.")


class OverwritesInputError(Conflict):
    """A result would replace another file of the same command: the table, the model."""

    code = "overwrites_input"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} is already used in this command, and writing here would destroy it; "
            "choose another name for the result."
        )


class EmptyTableError(Invalid):
    """The file holds nothing at all."""

    code = "table_empty"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is empty; a table with a header and at least one row was expected.")


class NoRowsError(Invalid):
    """The file has a header and nothing below it."""

    code = "table_without_rows"

    def __init__(self, path: Path, columns: int, reason: str = "") -> None:
        self.path, self.columns = path, columns
        detail = f" ({reason})" if reason else ""
        super().__init__(f"{path} names {_count(columns, 'column')} but has no rows{detail}; give a table with rows.")


class BinaryTableError(Invalid):
    """The file is neither text nor a kind of table that we know."""

    code = "table_binary"

    def __init__(self, path: Path, looks_like: str = "") -> None:
        self.path = path
        seen = f"looks like {looks_like}" if looks_like else "holds binary data of no kind that is known"
        super().__init__(f"{path} {seen}, but a table was expected; save it as {KINDS}.")


class DamagedTableError(Invalid):
    """The file says that it is of a kind, but cannot be read as one."""

    code = "table_damaged"

    def __init__(self, path: Path, kind: str, reason: str) -> None:
        self.path, self.kind, self.reason = path, kind, reason
        super().__init__(
            f"{path} cannot be read as {kind}: {reason}. It may be cut off or damaged; export or download it again."
        )


class DuplicateColumnsError(Conflict):
    """Several columns have the same name."""

    code = "table_duplicate_columns"

    def __init__(self, path: Path | str, names: Sequence[str]) -> None:
        self.path, self.names = path, tuple(names)
        shown = ", ".join(f'"{name}"' for name in names[:_NAMES_SHOWN])
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        super().__init__(
            f"{path} has several columns named {shown}{more}; each column needs its own name: rename or remove them."
        )


class UnsupportedTableError(Invalid):
    """A table cannot be written as such a file."""

    code = "table_kind_unsupported"

    def __init__(self, path: Path) -> None:
        self.path = path
        ending = path.suffix or "no ending"
        super().__init__(f"{path} has {ending}, but a table is written as .csv, .tsv, .parquet or .jsonl; choose one.")


def _nearest(path: Path) -> str:
    """What to say of the files in the folder that have a similar name."""
    folder = path.parent
    if not folder.is_dir():
        return f"; its folder {folder} does not exist either: check the path"
    try:
        names = [entry.name for entry in folder.iterdir() if entry.is_file()]
    except OSError:
        names = []
    close = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
    if not close:
        return f" in {folder.resolve()}; check the name and the folder"
    return f"; did you mean {' or '.join(close)}?".removesuffix("?") + " (in the same folder)"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
