"""`leadwise validate`: whether a model file keeps its promises, asked in a fresh process."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from leadwise.app.commands import arguments as take
from leadwise.app.output import remark
from leadwise.app.progress import working
from leadwise.connectors.tables import read_table
from leadwise.registry.model_file import read_model_file
from leadwise.scoring.validation import check_promises

LeadTable = Annotated[
    Path | None, typer.Argument(help="Leads to try it on; with outcomes, scores are compared with them.")
]


def run(model: take.ModelFile, table: LeadTable = None) -> None:
    """Load a model file in a fresh process, score with it, and exit with 1 if a promise is broken."""
    command = [sys.executable, "-m", "leadwise.app.commands.validate", str(model), *([str(table)] if table else [])]
    finished = subprocess.run(command, check=False)  # noqa: S603 - our own interpreter and module
    if finished.returncode < 0:
        remark(f"leadwise: The model {model} ended the process that loaded it (signal {-finished.returncode}).")
    if finished.returncode:
        raise typer.Exit(1)


def check_here(model: Path, table: Path | None) -> bool:
    """Whether all promises are kept; says each on standard output."""
    fitted = read_model_file(model)
    with working(f"trying {model}" + (f" on {table}" if table else "")):
        promises = check_promises(fitted, read_table(table).table if table else None)
    for promise in promises:
        print(f"{'kept  ' if promise.kept else 'BROKEN'}  {promise.sentence}")  # noqa: T201
    kept = all(promise.kept for promise in promises)
    verdict = "keeps all its promises" if kept else "breaks a promise; do not use it, fit it again"
    print(f"Model {fitted.card.model_version} {verdict}.")  # noqa: T201
    return kept


if __name__ == "__main__":
    from leadwise.app.refusal import refusing
    from leadwise.models.lean_imports import import_lean

    import_lean()
    with refusing():
        paths = [Path(argument) for argument in sys.argv[1:]]
        sys.exit(0 if check_here(paths[0], paths[1] if len(paths) > 1 else None) else 1)
