"""Blueprints by name or path, and what is wrong with one in words that its author can act on."""

import tomllib
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from leadwise.blueprints.definition import Blueprint
from leadwise.blueprints.mistakes import describe_mistakes
from leadwise.domain.errors import Invalid, Missing

__all__ = ["Blueprint", "BlueprintError", "BlueprintNotFoundError", "list_blueprints", "load_blueprint"]

SUFFIX = ".toml"


class BlueprintNotFoundError(Missing):
    """No blueprint ships under that name, and no file is there."""

    code = "blueprint_not_found"

    def __init__(self, name: str, shipped: tuple[str, ...]) -> None:
        self.name, self.shipped = name, shipped
        near = get_close_matches(name, shipped, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"These ship with leadwise: {', '.join(shipped)}."
        super().__init__(f"There is no blueprint {name!r}, neither by that name nor as a file. {hint}")


class BlueprintError(Invalid):
    """A blueprint's file cannot be used; `mistakes` has one sentence for each thing to mend."""

    code = "blueprint_invalid"

    def __init__(self, file: str, mistakes: tuple[str, ...]) -> None:
        self.file, self.mistakes = file, mistakes
        super().__init__(f"The blueprint {file} cannot be used: {'; '.join(mistakes)}.")


def list_blueprints() -> tuple[str, ...]:
    """The names of the blueprints that ship with leadwise, sorted.

    >>> list_blueprints()
    ('marketplace-auto',)
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
    name = str(name_or_path)
    if name in list_blueprints():
        shipped = resources.files("leadwise.blueprints").joinpath(name + SUFFIX)
        return _parse(shipped.read_bytes(), name + SUFFIX)
    path = Path(name_or_path)
    if not path.is_file():
        raise BlueprintNotFoundError(name, list_blueprints())
    return _parse(path.read_bytes(), name)


def _parse(content: bytes, file: str) -> Blueprint:
    try:
        text = content.decode()
        return Blueprint.model_validate(tomllib.loads(text))
    except UnicodeDecodeError as error:
        raise BlueprintError(file, (f"it is not UTF-8 text (byte {error.start})",)) from error
    except tomllib.TOMLDecodeError as error:
        raise BlueprintError(file, (f"it is not TOML: {error}",)) from error
    except ValidationError as error:
        raise BlueprintError(file, describe_mistakes(error, text)) from error
