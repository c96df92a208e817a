"""The one place where errors become a sentence on standard error and an exit status."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from leadwise.app.output import remark
from leadwise.domain.errors import LeadwiseError

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended (128 + SIGINT)."""


@contextmanager
def refusing() -> Iterator[None]:
    """Run a program's work; what a user can mend ends it with one sentence and exit status 1."""
    try:
        yield
    except LeadwiseError as error:
        _refuse(f"leadwise: {error}")
    except KeyboardInterrupt:
        print("Stopped. Nothing half-written was left behind.", file=sys.stderr)  # noqa: T201
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of our output went away: `leadwise show ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MemoryError:
        _refuse("leadwise: There is not enough memory for this table; use a part of it, or a larger machine.")


def _refuse(sentence: str) -> None:
    remark(sentence)
    sys.exit(1)
