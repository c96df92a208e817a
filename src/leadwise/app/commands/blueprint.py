"""`leadwise blueprint`: the blueprints that ship, and users' own."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from leadwise.app.commands import arguments as take
from leadwise.app.console import console
from leadwise.app.output import print_json, remark

group = typer.Typer(help="List, show, begin and check blueprints: an industry's target, words, rules and actions.")


class BlueprintReport(BaseModel):
    """What `leadwise blueprint check --json` says."""

    file: str
    mistakes: tuple[str, ...]


@group.command("list")
def list_all() -> None:
    """List the blueprints that are known by name: those that ship with leadwise, and your own."""
    from leadwise.app.blueprint_text import show_list
    from leadwise.app.known_blueprints import known_blueprints

    show_list(sorted(known_blueprints().items()))


@group.command()
def show(blueprint: take.BlueprintName, as_json: take.AsJson = False) -> None:
    """Show a blueprint: what it predicts, its words, rules and actions."""
    from leadwise.app.blueprint_text import show_blueprint
    from leadwise.app.known_blueprints import find_blueprint

    found = find_blueprint(blueprint)
    if as_json:
        print_json(found)
    else:
        show_blueprint(found)


@group.command()
def new(
    name: Annotated[str, typer.Argument(help="What the blueprint is called, as people read it.")],
    out: Annotated[Path, typer.Option(help="The TOML file to write; one that is there is never replaced.")],
    like: Annotated[
        str | None, typer.Option("--from", help="Start from this blueprint, instead of from a small commented file.")
    ] = None,
) -> None:
    """Begin a blueprint of your own: a commented file that works as it is."""
    from leadwise.app.new_blueprint import write_new_blueprint

    write_new_blueprint(name, out, like)
    remark(
        f"Wrote {out}. Change it, see what is wrong with it (leadwise blueprint check {out}), and use it by its path."
    )


@group.command()
def check(blueprint: take.BlueprintName, as_json: take.AsJson = False) -> None:
    """Say what is wrong with a blueprint, by line; exit with 1 if anything is."""
    from leadwise.app.known_blueprints import place_of
    from leadwise.training.blueprint_check import find_mistakes

    mistakes = find_mistakes(place_of(blueprint))
    if as_json:
        print_json(BlueprintReport(file=blueprint, mistakes=mistakes))
    elif mistakes:
        for mistake in mistakes:
            console().print(mistake, soft_wrap=True)
        remark(f"leadwise: {blueprint} has {len(mistakes)} to mend.")
    else:
        console().print(f"{blueprint} is a blueprint without mistakes.", soft_wrap=True)
    if mistakes:
        raise typer.Exit(1)
