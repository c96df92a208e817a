"""`leadwise keys`: who may ask the service for what."""

from typing import Annotated

import typer

from leadwise.app.commands import arguments as take
from leadwise.domain.access import Role

group = typer.Typer(help="Make, list, rotate and revoke the keys that applications ask the service with.")

KeyId = Annotated[str, typer.Argument(help="The key's id: the part between the first and the second underscore.")]


@group.command()
def add(
    name: Annotated[str, typer.Argument(help="What the key is for, as people read it.")],
    role: Annotated[list[Role], typer.Option(help="What it may be used for; several times for several.")],
    organisation: take.Organisation = "default",
    days: Annotated[int | None, typer.Option(help="After so many days it opens nothing.", min=1, max=36_500)] = None,
) -> None:
    """Make a key and print it, once: only a hash of it is stored."""
    from leadwise.app.service.keys import add_key

    add_key(name, role, organisation, days)


@group.command("list")
def list_all(organisation: take.Organisation = "default", as_json: take.AsJson = False) -> None:
    """List the keys of an organisation, without their secrets."""
    from leadwise.app.service.keys import list_keys

    list_keys(organisation, as_json=as_json)


@group.command()
def rotate(
    key: KeyId,
    organisation: take.Organisation = "default",
    hours: Annotated[float, typer.Option(help="So long the old one still opens.", min=0, max=720)] = 24,
) -> None:
    """Make a key like this one and print it; the old one opens for a while yet, so that clients can change over."""
    from leadwise.app.service.keys import rotate_key

    rotate_key(key, organisation, hours)


@group.command()
def revoke(key: KeyId, organisation: take.Organisation = "default") -> None:
    """Let a key open nothing any more, from the next second on."""
    from leadwise.app.service.keys import revoke_key

    revoke_key(key, organisation)
