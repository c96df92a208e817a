"""The command line: `leadwise COMMAND`."""

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
    recalibrate,
    score,
    show,
    simulate,
    validate,
)

cli = typer.Typer(
    name="leadwise",
    help="Says for every lead how likely it is to convert, why, and what to do next.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (check, fit, score, show, validate, recalibrate, clv, forget, simulate, demo):
    cli.command(command.NAME)(command.run)
for part in (importing, features, blueprint):
    cli.add_typer(part.group, name=part.NAME)
