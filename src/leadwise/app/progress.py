"""Progress on standard error: a bar with what is being done and the time left, or plain lines where nobody watches."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
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
LINES_PER_DOUBLING = 20
"""Long work needs fewer lines: about so many until it has taken twice as long."""
AGAIN_EVERY_SECONDS = 15.0
"""A step that takes longer is said again, with the time that it has taken."""
SILENT_SECONDS = 2.0
"""Work that is done sooner needs no word."""


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
    """Writes steps as plain lines, at most one a second; a long step is never silent."""

    def __init__(self) -> None:
        self._total = self._done = 0
        self._doing, self._said = "", True
        self._started = self._begun = self._latest = time.monotonic()
        self._writing = threading.Lock()
        self._watch = _Watch(self._look)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.stop()

    def start(self, total_steps: int) -> None:
        """Begin to count."""
        self._total, self._done = total_steps, 0
        self._started = time.monotonic()
        self._latest = self._started - LINE_EVERY_SECONDS

    def step(self, doing: str) -> None:
        """Write what begins now, with the time that is probably left."""
        with self._writing:
            self._done += 1
            self._doing, self._said, self._begun = doing, False, time.monotonic()
            if self._begun - self._latest >= self._pause():
                self._write()

    def finish(self) -> None:
        """Say that all is done."""
        with self._writing:
            self._said, self._doing = True, ""
            spent = time.monotonic() - self._started
            _say(f"[{self._total}/{self._total}] done in {spent:.0f} s")

    def _write(self) -> None:
        moment = time.monotonic()
        finished = self._done - 1
        more = ""
        if self._said:
            more = f", {moment - self._begun:.0f} s so far"
        elif finished >= self._total * TELLS_FROM:
            seconds = (moment - self._started) / finished * (self._total - finished)
            more = f", about {seconds:.0f} s left"
        self._said, self._latest = True, moment
        _say(f"[{self._done}/{self._total}] {self._doing}{more}")

    def _pause(self) -> float:
        return max(LINE_EVERY_SECONDS, (time.monotonic() - self._started) / LINES_PER_DOUBLING)

    def _look(self) -> None:
        """Write what was too quick after another line, and what takes long."""
        with self._writing:
            silent = time.monotonic() - self._latest
            if self._doing and silent >= (AGAIN_EVERY_SECONDS if self._said else self._pause()):
                self._write()


class _Watch:
    """Looks every second, beside the work."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(LINE_EVERY_SECONDS):
            self._look()


@contextmanager
def working(doing: str) -> Iterator[None]:
    """Show that one piece of work goes on, where it takes longer than two seconds.

    >>> with working("reading leads.csv"):
    ...     pass
    """
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(escape(doing)):
            yield
        return
    started = time.monotonic()
    latest = started - AGAIN_EVERY_SECONDS

    def look() -> None:
        nonlocal latest
        moment = time.monotonic()
        if moment - started >= SILENT_SECONDS and moment - latest >= AGAIN_EVERY_SECONDS:
            latest = moment
            _say(f"{doing}, {moment - started:.0f} s so far")

    watch = _Watch(look)
    watch.start()
    try:
        yield
    finally:
        watch.stop()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def make_progress() -> TerminalProgress | LineProgress:
    """A bar where standard error is a terminal, plain lines elsewhere."""
    console = Console(stderr=True)
    return TerminalProgress(console) if console.is_terminal else LineProgress()
