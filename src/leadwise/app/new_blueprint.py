"""A user's own blueprint, begun from a commented file or from one that ships."""

import json
import re
from importlib import resources
from pathlib import Path

from leadwise.app.known_blueprints import place_of
from leadwise.blueprints.blueprint import read_blueprint
from leadwise.connectors.errors import FileNotPermittedError, FileNotWrittenError
from leadwise.domain.errors import Conflict, Invalid

_TITLE = re.compile(r"^title = .*$", re.MULTILINE)
LONGEST_TITLE = 200


class BlueprintExistsError(Conflict):
    """A file of that name is there already."""

    code = "blueprint_exists"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is there already, and a new blueprint never replaces a file; choose another --out.")


class BlueprintTitleError(Invalid):
    """A blueprint cannot be called so."""

    code = "blueprint_title"

    def __init__(self, title: str) -> None:
        self.title = title
        super().__init__(
            f"A blueprint's name must be 1 to {LONGEST_TITLE} characters that can be read, but came as "
            f"{title[:LONGEST_TITLE]!r}; choose another."
        )


def write_new_blueprint(title: str, path: Path, like: str | None) -> None:
    """Write a file to start from: a copy of a blueprint under a new title, or a small one that explains itself.

    Raises:
        BlueprintTitleError: if nobody could read the title.
        BlueprintExistsError, FileNotPermittedError, FileNotWrittenError: as they say; no file is ever replaced.
        BlueprintNotFoundError, BlueprintError: if `like` is no blueprint.
    """
    if not title.strip() or not title.isprintable() or len(title) > LONGEST_TITLE:
        raise BlueprintTitleError(title)
    content = _starting_point() if like is None else read_blueprint(place_of(like)).text
    # JSON's strings are TOML's too. The first title is the blueprint's own: keys of the top stand before all tables.
    content = _TITLE.sub(lambda _: f"title = {json.dumps(title, ensure_ascii=False)}", content, count=1)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError as error:
        raise BlueprintExistsError(path) from error
    except PermissionError as error:
        raise FileNotPermittedError(path, "write") from error
    except (OSError, ValueError) as error:
        raise FileNotWrittenError(path, getattr(error, "strerror", None) or str(error)) from error


def _starting_point() -> str:
    return resources.files("leadwise.blueprints").joinpath("starting_point.txt").read_text(encoding="utf-8")
