"""`leadwise features refresh`, `leadwise features show`."""

from typing import Annotated

import typer

from leadwise.app.commands import arguments as take
from leadwise.domain.clock import now

group = typer.Typer(no_args_is_help=True, help="Compute what is known of leads, keep it in files, and explain it.")

Lead = Annotated[str, typer.Argument(help="A lead's identifier in its source.")]
Source = Annotated[str | None, typer.Option(help="The source, where several have a lead of that identifier.")]
AsOf = Annotated[str | None, typer.Option(help="A day, or an instant with its zone. Default: now.")]


@group.command()
def refresh(
    target: take.Target,
    organisation: take.Organisation = "default",
    as_of: AsOf = None,
    store: take.Store = None,
    engine: take.EngineName = None,
    as_json: take.AsJson = False,
) -> None:
    """Write a new snapshot: the open leads' features as of now, and what past leads teach.

    Training rows of which nothing has changed are taken over. Until all is written, the snapshot before stays in force.
    """
    from leadwise.app.instants import read_past_instant
    from leadwise.app.output import print_json
    from leadwise.app.quality_text import show_quality
    from leadwise.app.target_session import TargetOptions, open_target

    instant = None if as_of is None else read_past_instant("--as-of", as_of, now())
    with open_target(TargetOptions(target, organisation, store, engine)) as session:
        quality = session.refresh(instant)
        if as_json:
            print_json(quality)
        else:
            show_quality(quality, session.shelf.folder.where)


@group.command()
def show(
    target: take.Target,
    lead: Lead,
    source: Source = None,
    as_of: AsOf = None,
    organisation: take.Organisation = "default",
    as_json: take.AsJson = False,
) -> None:
    """Explain one lead's features as of an instant: each value, and the events and statements behind it."""
    from leadwise.app.instants import read_instant
    from leadwise.app.lead_features import explain_lead
    from leadwise.app.lead_features_text import show_lead
    from leadwise.app.output import print_json
    from leadwise.app.target_session import TargetOptions, open_target

    instant = now() if as_of is None else read_instant("--as-of", as_of)
    with open_target(TargetOptions(target, organisation)) as session:
        found = explain_lead(session, lead, source, instant)
    if as_json:
        print_json(found)
    else:
        show_lead(found)
