"""The command line: `leadwise COMMAND`. Every refusal is one sentence on standard error, and exit status 1."""

import os
import sys

import typer

from leadwise.app.commands import check, demo, fit, import_table, score, show, validate
from leadwise.domain.errors import LeadwiseError

INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended (128 + SIGINT)."""

cli = typer.Typer(
    name="leadwise",
    help="Says for every lead how likely it is to convert, why, and what to do next.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (check, fit, score, show, validate, import_table, demo):
    cli.command(command.NAME)(command.run)


def main() -> None:
    """Run a command; exits with 0 when it did what it was asked for."""
    try:
        cli()
    except LeadwiseError as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        print("Stopped. Nothing half-written was left behind.", file=sys.stderr)  # noqa: T201
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of our output went away: `leadwise show ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except MemoryError:
        _refuse("There is not enough memory for this table; use a smaller part of it, or a larger machine.")


def _refuse(sentence: str) -> None:
    print(f"leadwise: {sentence}", file=sys.stderr)  # noqa: T201 - this is what a command line is for
    sys.exit(1)
