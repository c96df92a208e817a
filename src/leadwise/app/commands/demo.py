"""`leadwise demo`."""

import socket
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console

from leadwise.actions.worklist import WorklistQuery
from leadwise.app.demo import Demo, DemoOptions, prepare_demo
from leadwise.app.demo_printing import print_leads
from leadwise.app.demo_serving import LOOPBACK, address_of, listen, orderly_termination, serve
from leadwise.app.demo_sources import demo_sources, demo_worklist
from leadwise.app.progress import make_progress
from leadwise.app.settings import Settings
from leadwise.domain.clock import now
from leadwise.store.database import Database, open_database

NAME = "demo"
LEADS, FEWEST_LEADS, MOST_LEADS = 3_000, 200, 20_000
TOP = 10


def run(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to serve the page; 0 takes any free one.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to serve at; the default is open to this machine alone.")] = (
        LOOPBACK
    ),
    leads: Annotated[
        int, typer.Option(min=FEWEST_LEADS, max=MOST_LEADS, help="How many leads the simulated year brings.")
    ] = LEADS,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another dealership.")] = 0,
    anew: Annotated[
        bool, typer.Option("--anew", help="Simulate and train anew, even if the last demo is less than a day old.")
    ] = False,
    exit_: Annotated[
        bool, typer.Option("--exit", help="Print the ten likeliest leads and exit, without serving the page.")
    ] = False,
) -> None:
    """Show leadwise at work on a simulated car dealership: simulate, train, score, and serve the ranked leads.

    Everything is invented and kept apart from real leads. A demo of the last day is shown again, with scores as of now.
    """
    with ExitStack() as stack:
        stack.enter_context(orderly_termination())
        # Before any work, so that nobody waits for a page that cannot be served.
        listening = None if exit_ else stack.enter_context(listen(host, port))
        database = stack.enter_context(_open_database())
        demo = prepare_demo(database, DemoOptions(leads, seed, anew), now(), make_progress)
        if listening is None:
            _print(database, demo)
        else:
            _serve(database, demo, listening)


def _open_database() -> Database:
    settings = Settings()
    with make_progress() as progress:
        progress.start(total_steps=1)
        progress.step("starting the database")
        database = open_database(settings.server_url, settings.data_folder)
        progress.finish()
    return database


def _print(database: Database, demo: Demo) -> None:
    page = demo_worklist(database, demo.blueprint).list_page(WorklistQuery(TOP))
    console = Console()
    print_leads(page.entries, console)
    console.print(f"\n{_summary(demo, page.total)}", soft_wrap=True, highlight=False)


def _serve(database: Database, demo: Demo, listening: socket.socket) -> None:
    from leadwise.web.application import create_application  # noqa: PLC0415 - charts load when used

    typer.echo(_summary(demo, demo_worklist(database, demo.blueprint).list_page(WorklistQuery(TOP)).total))
    typer.echo(f"Simulated leads, ranked: {address_of(listening)} (Ctrl-C stops)")
    serve(create_application(demo_sources(database, demo.blueprint)), listening)
    typer.echo("Stopped.")


def _summary(demo: Demo, open_leads: int) -> str:
    """What was done, and how good it is."""
    since = f"{demo.simulated_at:%d %B, %H:%M} UTC"
    what = f"The dealership of {since} again" if demo.shown_again else "A new simulated dealership"
    return f"{what}: {demo.leads:,} leads, {open_leads:,} of them open. {demo.quality.sentence}"
