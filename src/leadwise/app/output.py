"""What commands say: results on standard output, remarks on standard error."""

import sys

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

WIDE_ENOUGH = 100
"""Columns to use where the output is no terminal, so that lines do not break at random."""


def console() -> Console:
    """Standard output, with colour only on a terminal. Text is shown as it is: brackets are no markup."""
    terminal = sys.stdout.isatty()
    return Console(markup=False, highlight=False, emoji=False, width=None if terminal else WIDE_ENOUGH)


def remark(sentence: str) -> None:
    """Say something beside the result."""
    print(sentence, file=sys.stderr)  # noqa: T201


def print_json(document: BaseModel) -> None:
    """The document as JSON and nothing else; what is not a number in JSON is null."""
    sys.stdout.write(document.model_dump_json(indent=2) + "\n")


def plain_table(*titles: str) -> Table:
    """A table without lines, numbers to be aligned by the caller."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        name, right = title.removeprefix(">"), title.startswith(">")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    return table


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
