"""Tables and text on standard output, as a terminal shows them."""

import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from leadwise.app.harmless import harmless

WIDE_ENOUGH = 100
"""Columns to use where the output is no terminal, so that lines do not break at random."""


class _Output(Console):
    """A console that shows what stands in tables and lets none of it command the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(harmless(text), **options)


def console() -> Console:
    """Standard output, with colour only on a terminal. Text is shown as it is: brackets are no markup."""
    terminal = sys.stdout.isatty()
    return _Output(markup=False, highlight=False, emoji=False, width=None if terminal else WIDE_ENOUGH)


def plain_table(*titles: str) -> Table:
    """A table without lines, numbers to be aligned by the caller."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        name, right = title.removeprefix(">"), title.startswith(">")
        table.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=right)
    return table
