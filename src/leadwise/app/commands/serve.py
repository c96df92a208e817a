"""`leadwise serve`: the service, until somebody stops it."""

import gc
from typing import Annotated

import typer


def run(
    host: Annotated[str | None, typer.Option(help="Where to listen; else HOST, else this machine alone.")] = None,
    port: Annotated[int | None, typer.Option(help="There; else PORT, else 8000.", min=0, max=65_535)] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that answer requests; else WORKERS, else 1.", min=1, max=64)
    ] = None,
    root_path: Annotated[
        str | None,
        typer.Option(
            help="The path, such as /leadwise, below which a proxy offers it; else LEADWISE_ROOT_PATH, else none."
        ),
    ] = None,
    is_open: Annotated[
        bool, typer.Option("--open", help="Let in whoever reaches it without a key; on this machine alone.")
    ] = False,
) -> None:
    """Answer applications over HTTP, and work on trainings and other jobs beside that."""
    gc.disable()  # code that is read stays, and is a fifth quicker to read so; `serve` enables it again
    from leadwise.app.service.serving import serve

    serve(host=host, port=port, workers=workers, root_path=root_path, is_open=is_open)
