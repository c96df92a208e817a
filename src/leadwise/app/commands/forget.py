"""`leadwise forget`."""

from typing import Annotated

import typer

from leadwise.app.commands import arguments as take


def run(
    leads: Annotated[list[str], typer.Argument(metavar="LEAD...", help="Identifiers of leads in their source.")],
    source: Annotated[str, typer.Option(help="The source that they came from.")],
    organisation: take.Organisation = "default",
    store: Annotated[
        list[str] | None, typer.Option(help="A further feature store to erase them from; may be repeated.")
    ] = None,
    as_json: take.AsJson = False,
) -> None:
    """Erase leads and all that is stored of them: statements, events, outcomes, scores, snapshots. A receipt stays.

    The receipt names nobody. A lead that was erased is refused when it is delivered again, unless with --readmit.
    """
    from leadwise.app.forgetting_session import run_forget

    run_forget([(source, lead) for lead in leads], organisation, store or (), as_json=as_json)
