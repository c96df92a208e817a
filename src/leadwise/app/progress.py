"""Progress on standard error: a bar with what is being done and the time left, or plain lines where nobody watches."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

TELLS_FROM = 0.25
"""From this share of the steps on, those that are done say how long the rest will take."""
LINE_EVERY_SECONDS = 1.0
"""Plain lines come no faster than this."""


class TerminalProgress:
    """Shows steps on a terminal. A context manager, so that a bar never outlives an error."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._begun = False

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def start(self, total_steps: int) -> None:
        """Show an empty bar."""
        self._task, self._begun = self._bar.add_task("starting", total=total_steps), False

    def step(self, doing: str) -> None:
        """Show what begins now."""
        if self._task is not None:
            self._bar.update(self._task, description=doing, advance=1 if self._begun else 0)
            self._begun = True

    def finish(self) -> None:
        """Show a full bar."""
        if self._task is not None:
            self._bar.update(self._task, completed=self._bar.tasks[-1].total)


class LineProgress:
    """Writes steps as plain lines, at most one a second."""

    def __init__(self) -> None:
        self._total = self._done = 0
        self._started = self._latest = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to clean up."""

    def start(self, total_steps: int) -> None:
        """Begin to count."""
        self._total, self._done = total_steps, 0
        self._started = time.monotonic()
        self._latest = self._started - LINE_EVERY_SECONDS

    def step(self, doing: str) -> None:
        """Write what begins now, with the time that is probably left."""
        self._done += 1
        moment = time.monotonic()
        if moment - self._latest < LINE_EVERY_SECONDS:
            return
        self._latest = moment
        finished = self._done - 1
        left = ""
        if finished >= self._total * TELLS_FROM:
            seconds = (moment - self._started) / finished * (self._total - finished)
            left = f", about {seconds:.0f} s left"
        print(f"[{self._done}/{self._total}] {doing}{left}", file=sys.stderr, flush=True)  # noqa: T201

    def finish(self) -> None:
        """Say that all is done."""
        spent = time.monotonic() - self._started
        print(f"[{self._total}/{self._total}] done in {spent:.0f} s", file=sys.stderr, flush=True)  # noqa: T201


def make_progress() -> TerminalProgress | LineProgress:
    """A bar where standard error is a terminal, plain lines elsewhere."""
    console = Console(stderr=True)
    return TerminalProgress(console) if console.is_terminal else LineProgress()
