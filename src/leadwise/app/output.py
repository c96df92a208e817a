"""What commands say: results on standard output, remarks on standard error."""

import sys

from pydantic import BaseModel

from leadwise.app.harmless import harmless

LONGEST_NAME = 48


def short_name(name: str) -> str:
    """A column's name on one line, cut where it is very long.

    >>> short_name("Lead Source"), len(short_name("x" * 2000))
    ('Lead Source', 48)
    """
    line = " ".join(name.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def remark(sentence: str) -> None:
    """Say something beside the result."""
    print(harmless(sentence), file=sys.stderr)  # noqa: T201


def print_json(document: BaseModel) -> None:
    """The document as JSON and nothing else; what is not a number in JSON is null."""
    sys.stdout.write(document.model_dump_json(indent=2) + "\n")


def percent(share: float | None) -> str:
    """A share as whole percent; a dash where there is none.

    >>> percent(0.385), percent(None)
    ('38%', '-')
    """
    return "-" if share is None else f"{share:.0%}"


def number(value: float | None, digits: int = 4) -> str:
    """A metric; a dash where there is none.

    >>> number(0.39241), number(1532000.0), number(None)
    ('0.3924', '1,532,000', '-')
    """
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"  # noqa: PLR2004
