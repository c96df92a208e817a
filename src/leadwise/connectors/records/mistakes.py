"""What is wrong with a mapping: which line, which key, and what was probably meant."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

from leadwise.domain.errors import Invalid

_HEADING = re.compile(r"\s*\[\s*([\w.\-]+)\s*\]")
_KEY = re.compile(r"\s*([\w\-]+)\s*=")
_SHOWN = 20


class MappingError(Invalid):
    """A mapping does not say what a file's columns are."""

    code = "mapping"

    def __init__(self, name: str, mistakes: Sequence[str]) -> None:
        self.name, self.mistakes = name, tuple(mistakes)
        super().__init__(f"{name} should say what the columns are, but {'; '.join(mistakes)}.")


def describe(error: ValidationError, document: str, model: type[BaseModel]) -> tuple[str, ...]:
    """One part of a sentence per mistake that pydantic found, with its line and the nearest valid key."""
    lines = lines_by_key(document)
    found = []
    for detail in error.errors():
        parts = [str(part) for part in detail["loc"]]
        named = [key for end in range(len(parts), 0, -1) if (key := ".".join(parts[:end])) in lines]
        where = f"line {lines[named[0]]}: " if named else ""
        key = named[0] if named else ".".join(parts)
        if detail["type"] == "extra_forbidden" and key == ".".join(parts):
            found.append(f"{where}{key} is no key of a mapping{suggestion(parts[-1], model.model_fields)}")
        else:
            found.append(f"{where}{key}: {detail['msg'].removeprefix('Value error, ')}")
    return tuple(dict.fromkeys(found))


def lines_by_key(document: str) -> dict[str, int]:
    r"""The line, from 1, of every table and key of a TOML document without arrays of tables.

    >>> lines_by_key('source = "crm"\n[events]\nlead = "Lead"')
    {'source': 1, 'events': 2, 'events.lead': 3}
    """
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(document.splitlines(), start=1):
        if heading := _HEADING.match(line):
            table = f"{heading[1]}."
            lines[heading[1]] = number
        elif key := _KEY.match(line):
            lines[f"{table}{key[1]}"] = number
    return lines


def suggestion(name: str, names: Iterable[str]) -> str:
    """What to say of the names that there are, after a name that is not among them.

    >>> suggestion("Lead Id", ["lead_id", "kind"]), suggestion("x", ["lead_id", "kind"])
    ('; did you mean "lead_id"?', '; there are lead_id, kind')
    """
    known = list(names)
    by_plain_name = {_plain(each): each for each in known}
    near = get_close_matches(_plain(name), by_plain_name, n=1)
    if near:
        return f'; did you mean "{by_plain_name[near[0]]}"?'
    shown = ", ".join(known[:_SHOWN])
    return f"; there are {shown}" + (", ..." if len(known) > _SHOWN else "")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.casefold())
