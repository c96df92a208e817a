"""The one place where errors become a sentence on standard error and an exit status."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from leadwise.app.harmless import harmless
from leadwise.domain.errors import LeadwiseError

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended (128 + SIGINT)."""
TERMINATED = 143
"""The exit status of a program that was asked to end (128 + SIGTERM)."""
STOPPED = "Stopped. Nothing half-written was left behind."


@contextmanager
def refusing() -> Iterator[None]:
    """Run a program's work; what a user can mend ends it with one sentence and exit status 1."""
    try:
        with _ending_politely():
            yield
    except LeadwiseError as error:
        _refuse(f"leadwise: {error}")
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)  # noqa: T201
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if end.code in {INTERRUPTED, TERMINATED}:  # Typer turns Ctrl-C within a command into an exit
            print(STOPPED, file=sys.stderr)  # noqa: T201
        raise
    except BrokenPipeError:  # the reader of our output went away: `leadwise show ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MemoryError:
        _refuse("leadwise: There is not enough memory for this table; use a part of it, or a larger machine.")


@contextmanager
def _ending_politely() -> Iterator[None]:
    """Let a polite kill (SIGTERM) leave through all clean-up, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():  # signals belong to the main thread
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal handlers get both
    sys.exit(TERMINATED)


def _refuse(sentence: str) -> None:
    print(harmless(sentence), file=sys.stderr)  # noqa: T201 - this is what a command line is for
    sys.exit(1)
