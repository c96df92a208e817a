"""`leadwise simulate`."""

from pathlib import Path
from typing import Annotated

import typer

from leadwise.app.commands import arguments as take

MOST_LEADS = 2_000_000


def run(
    blueprint: take.BlueprintName,
    out: Annotated[Path, typer.Option(help="The folder to write to; it is made if it is not there.")],
    leads: Annotated[int, typer.Option(min=1, max=MOST_LEADS, help="How many leads.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and --now give the same files.")] = 0,
    drift: Annotated[
        float, typer.Option(min=-5, max=5, help="How far the world moves over its time; 1 is much, 0 not at all.")
    ] = 0.0,
    now: Annotated[
        str | None,
        typer.Option(help="Up to when: a day, or an instant with its zone. Default: the beginning of today."),
    ] = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the simulation's files in a folder that has other content.")
    ] = False,
) -> None:
    """Simulate a blueprint's leads, events and outcomes, with the true probabilities beside them."""
    from leadwise.app.console import console
    from leadwise.app.known_blueprints import find_blueprint
    from leadwise.app.output import remark
    from leadwise.app.progress import make_progress
    from leadwise.app.simulating import OURS, SimulateOptions, describe, read_now, write_simulation
    from leadwise.domain import clock

    loaded = find_blueprint(blueprint)
    options = SimulateOptions(blueprint, leads, seed, read_now(now, clock.now()), drift)
    with make_progress() as progress:
        tables = write_simulation(loaded, options, out, progress, force=force)
    console().print(describe(loaded, tables), soft_wrap=True)
    remark(f"Wrote {', '.join(sorted(OURS))} to {out}.")
