"""What is wrong with a blueprint's content: which line, which key, and which key was probably meant."""

import re
from collections import Counter
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from leadwise.blueprints.definition import Blueprint

Location = tuple[str | int, ...]
"""Keys and positions from the top of the document to a value: `("rules", 0, "points")`."""

_HEADING = re.compile(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]")
_KEY = re.compile(r"\s*([\w\-]+)\s*=")


def describe_mistakes(error: ValidationError, text: str) -> tuple[str, ...]:
    """One sentence per mistake that pydantic found in a document, with its line and the nearest valid key."""
    lines = lines_by_location(text)
    return tuple(_describe(detail["type"], detail["loc"], detail["msg"], lines) for detail in error.errors())


def lines_by_location(text: str) -> dict[Location, int]:
    r"""The line, from 1, of every table and key of a TOML document.

    >>> lines_by_location('title = "x"\n[[rules]]\npoints = 1\n[[rules]]\npoints = 2')[("rules", 1, "points")]
    5
    """
    lines: dict[Location, int] = {}
    seen: Counter[Location] = Counter()
    table: Location = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := _HEADING.match(line):
            table = tuple(heading[2].split("."))
            if heading[1] == "[[":
                seen[table] += 1
                table = (*table, seen[table] - 1)
            lines[table] = number
        elif key := _KEY.match(line):
            lines[*table, key[1]] = number
    return lines


def _describe(kind: str, location: Location, message: str, lines: dict[Location, int]) -> str:
    where = _nearest_line(location, lines)
    key = ".".join(str(part) for part in location) or "the whole"
    if kind == "extra_forbidden":
        return f"{where}{key} is not a key of a blueprint{_suggestion(location)}"
    if kind == "missing":
        return f"{where}{key} is needed, but is not there"
    return f"{where}{key}: {message.removeprefix('Value error, ')}"


def _nearest_line(location: Location, lines: dict[Location, int]) -> str:
    """The line of the value itself, or of the innermost table around it that has one."""
    for length in range(len(location), 0, -1):
        if location[:length] in lines:
            return f"line {lines[location[:length]]}: "
    return ""


def _suggestion(location: Location) -> str:
    model = _model_at(location[:-1])
    if model is None:
        return ""
    near = get_close_matches(str(location[-1]), model.model_fields, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; the keys there are {', '.join(model.model_fields)}"


def _model_at(location: Location) -> type[BaseModel] | None:
    """The class that describes the table at a location; None where it is no table."""
    model: type[BaseModel] | None = Blueprint
    for part in location:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = None if field is None else _model_in(field.annotation)
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model class in `Model` or `tuple[Model, ...]`."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
