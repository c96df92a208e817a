"""`leadwise demo`."""

from typing import Annotated

import typer

LEADS, FEWEST_LEADS, MOST_LEADS = 3_000, 200, 20_000


def run(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where to serve the page; 0 takes any free one.")] = 8000,
    host: Annotated[
        str, typer.Option(help="The address to serve at; the default is open to this machine alone.")
    ] = "127.0.0.1",
    leads: Annotated[
        int, typer.Option(min=FEWEST_LEADS, max=MOST_LEADS, help="How many leads the simulated year brings.")
    ] = LEADS,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another dealership.")] = 0,
    *,
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
    from leadwise.app.demo import DemoOptions
    from leadwise.app.demo_session import Address, run_demo

    run_demo(DemoOptions(leads, seed, anew), None if exit_ else Address(host, port))
