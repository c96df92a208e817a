"""Tables of facts, as templates show them: a caption, headings, and rows whose first cell names the row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from markupsafe import Markup


@dataclass(frozen=True)
class Table:
    """A table."""

    caption: Annotated[str, "What it tells, as a sentence part; also its accessible name."]
    headings: Annotated[tuple[str, ...], "One for each cell of a row."]
    rows: Annotated[tuple[tuple[str, ...], ...], "Cells as texts, the row's name first."]
    numeric: Annotated[frozenset[int], "Positions of cells that hold numbers."] = frozenset()
    chosen: Annotated[int | None, "The row to bring out."] = None
    long: Annotated[bool, "Whether it is shown only when asked for."] = False


@dataclass(frozen=True)
class Figure:
    """A chart with the sentence and the table that tell the same."""

    title: Annotated[str, "What the chart is about."]
    sentence: Annotated[str, "What it says."]
    svg: Annotated[Markup, "The drawing."]
    table: Annotated[Table, "Its numbers."]


LONG = 16
"""From so many rows on a table is shown only when asked for."""


def tabulate(
    caption: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Iterable[int] = (),
    chosen: int | None = None,
) -> Table:
    """A table; a long one folds itself.

    >>> tabulate("Grades", ["Grade", "Leads"], [["A", "12"]], numeric=[1]).long
    False
    """
    cells = tuple(tuple(row) for row in rows)
    return Table(caption, tuple(headings), cells, frozenset(numeric), chosen, long=len(cells) >= LONG)
