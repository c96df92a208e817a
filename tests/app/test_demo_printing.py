from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from leadwise.actions.worklist import WorklistEntry
from leadwise.app.demo_printing import print_leads
from leadwise.domain.score import Reason, Score

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
REASONS = tuple(
    Reason(f"column {at}", sentence, weight)
    for at, (sentence, weight) in enumerate(
        [("Replied 3 times", 1.2), ("Lives 90 km away", -0.8), ("c", 0.2), ("d", 0)]
    )
)
SCORE = Score(("web", "1"), "sold", MONDAY, MONDAY, "abc", 0.714, None, "A", "Call now", -1.0, REASONS)
ENTRY = WorklistEntry("[bold]Ann", "2020 Skoda Fabia", MONDAY, SCORE)


def printed(*, terminal: bool) -> str:
    console = Console(file=StringIO(), force_terminal=terminal, width=100, color_system=None)
    print_leads([ENTRY], console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_pipe_gets_plain_lines_that_say_they_are_simulated():
    assert printed(terminal=False).splitlines() == [
        "Simulated data: these people and their enquiries are invented",
        "",
        " 1. 71% A  [bold]Ann, 2020 Skoda Fabia: Call now",
        "      + Replied 3 times",
        "      - Lives 90 km away",
        "      + c",
    ]


def test_a_terminal_gets_a_table_in_which_names_are_no_markup():
    table = printed(terminal=True)
    assert all(text in table for text in ("Simulated data", "71% A", "[bold]Ann", "+ Replied 3 times", "Call now"))
