"""Blueprints by name or path, and what is wrong with one in words that its author can act on."""

import json
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from leadwise.blueprints.definition import Blueprint
from leadwise.blueprints.mistakes import describe_mistakes
from leadwise.domain.errors import Invalid, Missing

__all__ = [
    "Blueprint",
    "BlueprintError",
    "BlueprintNotFoundError",
    "BlueprintSource",
    "list_blueprints",
    "load_blueprint",
    "read_blueprint",
]

SUFFIX = ".toml"
LARGEST = 1_000_000
"""Bytes; the blueprints that ship have some ten thousand."""


class BlueprintNotFoundError(Missing):
    """No blueprint is known by that name, and no file is there."""

    code = "blueprint_not_found"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        near = get_close_matches(name[:200], known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"These are known: {', '.join(known)}."
        super().__init__(f"There is no blueprint {name[:200]!r}, neither by that name nor as a file. {hint}")


class BlueprintError(Invalid):
    """A blueprint's file cannot be used; `mistakes` has one sentence for each thing to mend."""

    code = "blueprint_invalid"

    def __init__(self, file: str, mistakes: tuple[str, ...]) -> None:
        self.file, self.mistakes = file, mistakes
        super().__init__(f"The blueprint {file} cannot be used: {'; '.join(mistakes)}.")


@dataclass(frozen=True)
class BlueprintSource:
    """A blueprint and the text that it was read from.

    Args:
        file: The name to call it by.
        text: The TOML document.
        blueprint: What it says.
    """

    file: str
    text: str
    blueprint: Blueprint


def list_blueprints() -> tuple[str, ...]:
    """The names of the blueprints that ship with leadwise, sorted.

    >>> "marketplace-auto" in list_blueprints()
    True
    """
    names = [entry.name for entry in resources.files("leadwise.blueprints").iterdir()]
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


def load_blueprint(name_or_path: str | Path) -> Blueprint:
    """The blueprint that ships under that name, or the one in that file.

    Raises:
        BlueprintNotFoundError: if there is neither.
        BlueprintError: if the file is no TOML, or does not hold a blueprint.

    >>> load_blueprint("marketplace-auto").target.title
    'Buys a car within 60 days'
    >>> load_blueprint("marketplace-cars")
    Traceback (most recent call last):
    leadwise.blueprints.blueprint.BlueprintNotFoundError: There is no blueprint 'marketplace-cars', ...
    """
    return read_blueprint(name_or_path).blueprint


def read_blueprint(name_or_path: str | Path) -> BlueprintSource:
    """What `load_blueprint` gives, with the text that it was read from. Raises the same."""
    file, content = _content(str(name_or_path))
    text = _text(content, file)
    try:
        return BlueprintSource(file, text, _blueprint(_document(text, file)))
    except ValidationError as error:
        raise BlueprintError(file, describe_mistakes(error, text)) from error


def _content(name: str) -> tuple[str, bytes]:
    """What to call the file, and its content."""
    if name in list_blueprints():
        return name + SUFFIX, resources.files("leadwise.blueprints").joinpath(name + SUFFIX).read_bytes()
    path = Path(name)
    try:
        if not path.is_file():
            raise BlueprintNotFoundError(name, list_blueprints())
        if path.stat().st_size > LARGEST:
            size = f"it has {path.stat().st_size:,} bytes, and a blueprint has {LARGEST:,} at most"
            raise BlueprintError(name, (size,))
        return name, path.read_bytes()
    except ValueError as error:  # a zero byte in the name
        raise BlueprintNotFoundError(name, list_blueprints()) from error
    except OSError as error:
        raise BlueprintError(name[:200], (f"it cannot be read ({error.strerror})",)) from error


def _blueprint(document: dict[str, Any]) -> Blueprint:
    """Read by the strict rules that JSON has: "60" is no number, and yes is not 1."""
    return Blueprint.model_validate_json(json.dumps(document, default=str), strict=True)


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BlueprintError(file, (f"it is not UTF-8 text (byte {error.start})",)) from error


def _document(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        raise BlueprintError(file, (f"it is not TOML: {error}",)) from error
    except RecursionError as error:
        raise BlueprintError(file, ("its lists or tables are nested too deeply",)) from error
