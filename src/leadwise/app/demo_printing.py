"""The likeliest leads, printed: a table on a terminal, plain lines elsewhere."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from leadwise.actions.worklist import WorklistEntry
from leadwise.domain.score import Reason

SHOWN_REASONS = 3
TITLE = "Simulated data: these people and their enquiries are invented"


def print_leads(entries: Iterable[WorklistEntry], console: Console) -> None:
    """The leads with what sales needs to know of each."""
    if console.is_terminal:
        console.print(_table(entries))
    else:
        for line in _lines(entries):
            console.print(line, soft_wrap=True, markup=False, highlight=False)


def _table(entries: Iterable[WorklistEntry]) -> Table:
    table = Table("#", "Chance", "Lead", "Why", "Next", title=TITLE, title_justify="left", show_lines=True)
    for rank, entry in enumerate(entries, start=1):
        # Handed over as plain text: what somebody typed into a form is no markup of ours.
        cells = (f"{rank}", _chance(entry), f"{entry.name}\n{entry.subject}", "\n".join(_reasons(entry)))
        table.add_row(*(Text(cell) for cell in (*cells, entry.score.action)))
    return table


def _lines(entries: Iterable[WorklistEntry]) -> Iterator[str]:
    yield TITLE
    for rank, entry in enumerate(entries, start=1):
        yield ""
        yield f"{rank:>2}. {_chance(entry)}  {entry.name}, {entry.subject}: {entry.score.action}"
        yield from (f"      {reason}" for reason in _reasons(entry))


def _chance(entry: WorklistEntry) -> str:
    return f"{entry.score.probability:.0%} {entry.score.grade}"


def _reasons(entry: WorklistEntry) -> list[str]:
    return [_reason(reason) for reason in entry.score.reasons[:SHOWN_REASONS]]


def _reason(reason: Reason) -> str:
    return f"{'+' if reason.contribution >= 0 else '-'} {reason.sentence}"
