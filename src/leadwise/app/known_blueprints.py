"""The blueprints that are known by name: those that ship, and an installation's own, in one folder."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from leadwise.app.settings import Settings
from leadwise.blueprints.blueprint import (
    SUFFIX,
    Blueprint,
    BlueprintNotFoundError,
    list_blueprints,
    load_blueprint,
)
from leadwise.domain.errors import Conflict


class BlueprintTakenError(Conflict):
    """Two blueprints have one name, or predict targets of one name, so that nobody could say which is meant."""

    code = "blueprint_taken"

    def __init__(self, path: Path, other: str, target: str | None = None) -> None:
        self.path, self.other, self.target = path, other, target
        what = "is called as" if target is None else f"has a target called {target!r}, as"
        change = "the file" if target is None else "the target (name = ... below [target])"
        super().__init__(f"The blueprint {path} {what} {other} is; rename {change}.")


def place_of(name_or_path: str) -> str:
    """What `load_blueprint` takes for a blueprint that is named: the path of an own one, else the same text.

    Raises:
        BlueprintTakenError: if an own one is called like one that ships.
    """
    path = _own(Settings().blueprints_folder).get(name_or_path)
    if path is None:
        return name_or_path
    if name_or_path in list_blueprints():
        raise BlueprintTakenError(path, f"one that ships ({name_or_path})")
    return str(path)


def find_blueprint(name_or_path: str) -> Blueprint:
    """The blueprint of that name, or the one in that file.

    Raises:
        BlueprintNotFoundError: if there is neither.
        BlueprintError, BlueprintTakenError: as they say.
    """
    try:
        return load_blueprint(place_of(name_or_path))
    except BlueprintNotFoundError as error:
        known = (*list_blueprints(), *_own(Settings().blueprints_folder))
        raise BlueprintNotFoundError(name_or_path, tuple(sorted(known))) from error


def known_blueprints() -> Mapping[str, Blueprint]:
    """All that are known, by name; read once in each process.

    Raises:
        BlueprintError: if one of them cannot be used.
        BlueprintTakenError: if two have one name, or one target's.
    """
    return _known(Settings().blueprints_folder)


def known_targets() -> Mapping[str, tuple[str, Blueprint]]:
    """By the name of a target, the name of its blueprint and the blueprint. Raises as `known_blueprints` does."""
    return {blueprint.target.name: (name, blueprint) for name, blueprint in known_blueprints().items()}


@lru_cache(4)
def _known(folder: Path) -> Mapping[str, Blueprint]:
    known = {name: load_blueprint(name) for name in list_blueprints()}
    of_targets = {blueprint.target.name: name for name, blueprint in known.items()}
    for name, path in _own(folder).items():
        blueprint = load_blueprint(path)
        if name in known:
            raise BlueprintTakenError(path, f"one that ships ({name})")
        if blueprint.target.name in of_targets:
            raise BlueprintTakenError(path, of_targets[blueprint.target.name], blueprint.target.name)
        known[name], of_targets[blueprint.target.name] = blueprint, name
    return known


def _own(folder: Path) -> dict[str, Path]:
    """Files of own blueprints by their names, in order."""
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}")) if path.is_file()}
