"""What commands say: results on standard output, remarks on standard error."""

import sys
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leadwise.app.harmless import harmless

WIDE_ENOUGH = 100
"""Columns to use where the output is no terminal, so that lines do not break at random."""


LONGEST_NAME = 48


def short_name(name: str) -> str:
    """A column's name on one line, cut where it is very long.

    >>> short_name("Lead Source"), len(short_name("x" * 2000))
    ('Lead Source', 48)
    """
    line = " ".join(name.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


class _Output(Console):
    """A console that shows what stands in tables and lets none of it command the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(harmless(text), **options)


def console() -> Console:
    """Standard output, with colour only on a terminal. Text is shown as it is: brackets are no markup."""
    terminal = sys.stdout.isatty()
    return _Output(markup=False, highlight=False, emoji=False, width=None if terminal else WIDE_ENOUGH)


def remark(sentence: str) -> None:
    """Say something beside the result."""
    print(harmless(sentence), file=sys.stderr)  # noqa: T201


def print_json(document: BaseModel) -> None:
    """The document as JSON and nothing else; what is not a number in JSON is null."""
    sys.stdout.write(document.model_dump_json(indent=2) + "\n")


def plain_table(*titles: str) -> Table:
    """A table without lines, numbers to be aligned by the caller."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        name, right = title.removeprefix(">"), title.startswith(">")
        table.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=right)
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
