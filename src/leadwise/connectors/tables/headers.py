"""The names of a table's columns."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from leadwise.connectors.errors import DuplicateColumnsError

_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")


def looks_like_data(raw: Sequence[str]) -> bool:
    """Whether most of the names are numbers, as in a file without a header.

    >>> looks_like_data(["17", "3.5", "red"]), looks_like_data(["age", "2024", "2025", "city"])
    (True, False)
    """
    return 2 * sum(_NUMBER.fullmatch(name.strip()) is not None for name in raw) > len(raw)


def clean_names(path: Path, raw: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names without spaces around them, a name for each column without one, and notes on what was done.

    Raises:
        DuplicateColumnsError: if two columns have the same name.

    >>> clean_names(Path("leads.csv"), [" Age", ""])
    (['Age', 'column 2'], ['Column 2 has no name in the header; it is called "column 2".'])
    >>> clean_names(Path("leads.csv"), ["age", "city", "age "])
    Traceback (most recent call last):
    leadwise.connectors.errors.DuplicateColumnsError: leads.csv has several columns named "age"; each column needs ...
    """
    names, notes = [], []
    for number, name in enumerate(raw, start=1):
        names.append(name.strip() or f"column {number}")
        if not name.strip():
            notes.append(f'Column {number} has no name in the header; it is called "column {number}".')
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DuplicateColumnsError(path, repeated)
    return names, notes
