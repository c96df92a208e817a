"""The command line: `leadwise COMMAND`."""

from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer

COMMANDS = (
    "check",
    "fit",
    "score",
    "show",
    "validate",
    "recalibrate",
    "clv",
    "forget",
    "simulate",
    "serve",
    "work",
    "demo",
)
GROUPS = ("import", "features", "blueprint", "models", "jobs", "keys")
_MODULES = {"import": "importing"}
"""Where a command is not in the file of its name."""


def make_cli(asked: str | None = None) -> typer.Typer:
    """The program with all its commands; where one is asked for by its name, with that alone.

    What the others import takes a second, for which somebody would wait.
    """
    cli = typer.Typer(name="leadwise", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    cli.callback()(program)
    known = {*COMMANDS, *GROUPS}
    wanted = {asked} & known or known
    for name in COMMANDS:
        if name in wanted:
            cli.command(name)(_module(name).run)
    for name in GROUPS:
        if name in wanted:
            cli.add_typer(_module(name).group, name=name)
    return cli


def _module(name: str) -> Any:
    return import_module(f"leadwise.app.commands.{_MODULES.get(name, name)}")


def _say_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it
    if asked:
        typer.echo(f"leadwise {version('leadwise')}")
        raise typer.Exit


def program(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Say which leadwise this is.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Says for every lead how likely it is to convert, why, and what to do next."""
