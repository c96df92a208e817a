"""What is wrong with a blueprint's content: which line, which key, and which key was probably meant."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from leadwise.blueprints.coherence import Incoherences
from leadwise.blueprints.definition import Blueprint

Location = tuple[str | int, ...]
"""Keys and positions from the top of the document to a value: `("rules", 0, "points")`."""

MOST = 50
"""So many mistakes are told of one file; nobody reads more."""
LONGEST = 60
_PART = r"(?:[\w\-]+|\"[^\"]*\"|'[^']*')"
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADING = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


def describe_mistakes(error: ValidationError, text: str) -> tuple[str, ...]:
    """One sentence per mistake that pydantic found in a document, with its line and the nearest valid key."""
    lines = lines_by_location(text)
    found = [sentence for detail in _joined(error.errors()) for sentence in _describe(detail, lines)]
    return limited(found)


def _joined(details: Iterable[Any]) -> list[dict[str, Any]]:
    """What pydantic tells, with one word for a value that it tried as several plain types."""
    joined: dict[Any, dict[str, Any]] = {}
    for number, detail in enumerate(details):
        key = _resolved(detail["loc"])[0] if detail["type"].endswith("_type") else number
        before = joined.setdefault(key, dict(detail))
        if before["msg"] != detail["msg"]:
            before["msg"] += " or " + detail["msg"].removeprefix("Input should be ")
    return list(joined.values())


def limited(found: list[str]) -> tuple[str, ...]:
    """The first of the mistakes, and how many more there are."""
    return (*found[:MOST], f"and {len(found) - MOST} mistakes more") if len(found) > MOST else tuple(found)


def lines_by_location(text: str) -> dict[Location, int]:
    r"""The line, from 1, of every table and key of a TOML document.

    >>> lines_by_location('title = "x"\n[[rules]]\npoints = 1\n[[rules]]\npoints = 2')[("rules", 1, "points")]
    5
    >>> lines_by_location('[[a]]\n[[a]]\n[[a.b]]\nx.y = 1')[("a", 1, "b", 0, "x", "y")]
    4
    """
    lines: dict[Location, int] = {}
    seen: Counter[Location] = Counter()
    table: Location = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := _HEADING.match(line):
            table = _table(heading[1] == "[[", _parts(heading[2]), seen)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            parts = _parts(key[1])
            for length in range(1, len(parts) + 1):
                lines.setdefault((*table, *parts[:length]), number)
    return lines


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, dotted)]


def _table(is_repeated: bool, parts: list[str], seen: Counter[Location]) -> Location:  # noqa: FBT001 - `[[` or `[`
    """The location that a heading opens: within repeated tables, it is the latest of them that is meant."""
    location: Location = ()
    for position, part in enumerate(parts):
        location = (*location, part)
        if is_repeated and position == len(parts) - 1:
            seen[location] += 1
        if seen[location]:
            location = (*location, seen[location] - 1)
    return location


def _describe(detail: Any, lines: dict[Location, int]) -> Iterator[str]:
    location, model = _resolved(detail["loc"])
    raised = detail.get("ctx", {}).get("error")
    if isinstance(raised, Incoherences):
        for place, sentence in raised.mistakes:
            yield f"{nearest_line(place, lines)}{sentence}"
        return
    kind, key = detail["type"], _shown(location)
    where = nearest_line(location, lines)
    if kind == "extra_forbidden":
        yield f"{where}{key} is not a key of a blueprint{_suggestion(location, model)}"
    elif kind == "missing":
        yield f"{where}{key} is needed, but is not there"
    elif kind.startswith("union_tag"):
        yield _about_draw(detail, location, lines)
    elif kind == "value_error":
        message = detail["msg"].removeprefix("Value error, ")
        yield f"{_line_within(location, message, lines)}{key}: {message}"
    else:
        yield f"{where}{key}: {detail['msg']}, but it is {_short(detail['input'])}"


def _about_draw(detail: Any, location: Location, lines: dict[Location, int]) -> str:
    """A field that is drawn in no way that there is."""
    key, given = _shown(location), detail["input"] if isinstance(detail["input"], dict) else {}
    near = get_close_matches("draw", [name for name in given if name != "draw"], n=1)
    if "draw" not in given and near:
        where = nearest_line((*location, near[0]), lines)
        return f"{where}{key}.{_cut(near[0])} is not a key of a blueprint; did you mean draw?"
    where = nearest_line((*location, "draw"), lines)
    came = f"but it is {_cut(repr(given['draw']))}" if "draw" in given else "but is not there"
    return f"{where}{key}.draw must be one of {_draws()}, {came}"


def _shown(location: Location) -> str:
    return _cut(".".join(str(part) for part in location)) or "the whole"


def _short(value: object) -> str:
    return f"a {type(value).__name__}" if isinstance(value, dict | list) else _cut(repr(value))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def nearest_line(location: Location, lines: dict[Location, int]) -> str:
    """The line of the value itself, or of the innermost table around it that has one; empty if there is none."""
    for length in range(len(location), 0, -1):
        if location[:length] in lines:
            return f"line {lines[location[:length]]}: "
    return ""


def _line_within(location: Location, message: str, lines: dict[Location, int]) -> str:
    """The line of the key that the message begins with, where there is one of that name, else of the table."""
    first = re.match(r"[\w\-]+", message)
    return nearest_line((*location, first[0]) if first else location, lines)


def _suggestion(location: Location, model: type[BaseModel] | None) -> str:
    if model is None:
        return ""
    near = get_close_matches(str(location[-1]), model.model_fields, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; the keys there are {', '.join(model.model_fields)}"


def _resolved(location: Location) -> tuple[Location, type[BaseModel] | None]:
    """The location as the document has it, without pydantic's own names; and the class of the table around the end."""
    annotation: Any = Blueprint
    kept: Location = ()
    around: type[BaseModel] | None = None
    for part in location:
        members = _members(annotation)
        if part in members:
            annotation = members[str(part)]  # pydantic's word for which of several classes it was
            continue
        if not _has_parts(annotation):
            continue  # pydantic tells which of several plain types it tried
        around = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
        annotation = _inside(annotation, part)
        kept = (*kept, part)
    return kept, around


def _has_parts(annotation: Any) -> bool:
    is_table = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return is_table or get_origin(annotation) in {dict, tuple}


def _members(annotation: Any) -> dict[str, Any]:
    """The classes that a table may be of, by the word that chooses one; empty where it is of one class."""
    candidates = get_args(get_args(annotation)[0]) if get_args(annotation) else ()
    return {
        get_args(each.model_fields["draw"].annotation)[0]: each
        for each in candidates
        if isinstance(each, type) and issubclass(each, BaseModel) and "draw" in each.model_fields
    }


def _draws() -> str:
    fields = _inside(_inside(Blueprint, "simulator"), "fields")
    return ", ".join(_members(get_args(fields)[1]))


def _inside(annotation: Any, part: str | int) -> Any:
    """What a part of a table or list is annotated with; None where that is not known."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return None if field is None else _plain(field.annotation)
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    return None


def _plain(annotation: Any) -> Any:
    """The class in `Model | None`; anything else as it is."""
    models = [each for each in get_args(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
    is_choice = get_origin(annotation) not in {dict, tuple, Literal} and len(models) == 1
    return models[0] if is_choice else annotation
