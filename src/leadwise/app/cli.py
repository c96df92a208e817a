"""The command line: `leadwise COMMAND`."""

from importlib.metadata import version
from typing import Annotated

import typer

from leadwise.app.commands import (
    blueprint,
    check,
    clv,
    demo,
    features,
    fit,
    forget,
    importing,
    jobs,
    keys,
    models,
    recalibrate,
    score,
    serve,
    show,
    simulate,
    validate,
    work,
)

cli = typer.Typer(
    name="leadwise",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it
    if asked:
        typer.echo(f"leadwise {version('leadwise')}")
        raise typer.Exit


@cli.callback()
def program(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Say which leadwise this is.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Says for every lead how likely it is to convert, why, and what to do next."""


for command in (check, fit, score, show, validate, recalibrate, clv, forget, simulate, serve, work, demo):
    cli.command(command.NAME)(command.run)
for part in (importing, features, blueprint, models, jobs, keys):
    cli.add_typer(part.group, name=part.NAME)
