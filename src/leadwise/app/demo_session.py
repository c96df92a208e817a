"""One run of the demo: prepare it, then print the likeliest leads or serve the page."""

import socket
from contextlib import ExitStack
from dataclasses import dataclass

import typer
from rich.console import Console

from leadwise.actions.worklist import WorklistPage, WorklistQuery
from leadwise.app.demo import Demo, DemoOptions, prepare_demo
from leadwise.app.demo_printing import print_leads
from leadwise.app.demo_serving import address_of, listen, orderly_termination, serve
from leadwise.app.demo_sources import demo_sources, demo_worklist
from leadwise.app.progress import make_progress
from leadwise.app.settings import Settings
from leadwise.domain.clock import now
from leadwise.store.database import Database, open_database

TOP = 10


@dataclass(frozen=True)
class Address:
    """Where to serve the page; port 0 takes any that is free."""

    host: str
    port: int


def run_demo(options: DemoOptions, address: Address | None) -> None:
    """Prepare the demo, and serve it at the address until Ctrl-C; without one, print the likeliest leads.

    Raises:
        PortTakenError, AddressUnusableError: before any work, so that nobody waits for a page that cannot be served.
    """
    with ExitStack() as stack:
        stack.enter_context(orderly_termination())
        listening = stack.enter_context(listen(address.host, address.port)) if address else None
        database = stack.enter_context(_open_database())
        demo = prepare_demo(database, options, now(), make_progress)
        likeliest = demo_worklist(database, demo.blueprint).list_page(WorklistQuery(TOP))
        if listening is None:
            _print(demo, likeliest)
        else:
            typer.echo(_summary(demo, likeliest))
            _serve(database, demo, listening)


def _open_database() -> Database:
    settings = Settings()
    with make_progress() as progress:
        progress.start(total_steps=1)
        progress.step("starting the database")
        database = open_database(settings.server_url, settings.data_folder)
        progress.finish()
    return database


def _print(demo: Demo, likeliest: WorklistPage) -> None:
    console = Console()
    print_leads(likeliest.entries, console)
    console.print(f"\n{_summary(demo, likeliest)}", soft_wrap=True, highlight=False)


def _serve(database: Database, demo: Demo, listening: socket.socket) -> None:
    from leadwise.web.application import create_application  # noqa: PLC0415 - printing needs no pages and charts

    typer.echo(f"Simulated leads, ranked: {address_of(listening)} (Ctrl-C stops)")
    serve(create_application(demo_sources(database, demo.blueprint)), listening)
    typer.echo("Stopped.")


def _summary(demo: Demo, likeliest: WorklistPage) -> str:
    """What was done, and how good it is."""
    since = f"{demo.simulated_at:%d %B, %H:%M} UTC"
    what = f"The simulated dealership of {since} again" if demo.shown_again else "A new simulated dealership"
    return f"{what}: {demo.leads:,} leads, {likeliest.total:,} of them open. {demo.quality.sentence}"
