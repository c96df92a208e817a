"""`leadwise import leads`, `import events`, `import outcomes`."""

from pathlib import Path
from typing import Annotated

import typer

from leadwise.app.commands import arguments as take

File = Annotated[Path, typer.Argument(help="CSV, TSV, Parquet, Excel or JSON Lines.")]
Map = Annotated[
    Path | None,
    typer.Option("--map", help="A TOML file that says what the columns are; else they have the standard names."),
]
Preview = Annotated[bool, typer.Option("--preview", help="Show what the first rows would become, and store nothing.")]
Rejects = Annotated[
    Path | None, typer.Option(help="Where rejected rows go, each with the reason. Default: FILE.rejects.csv.")
]
Organisation = Annotated[str, typer.Option(help="Whose history it is.")]
Readmit = Annotated[bool, typer.Option("--readmit", help="Store leads again that were erased by `leadwise forget`.")]
DEFAULT = "default"


def leads(
    file: File,
    mapping: Map = None,
    preview: Preview = False,
    rejects: Rejects = None,
    organisation: Organisation = DEFAULT,
    readmit: Readmit = False,
    as_json: take.AsJson = False,
) -> None:
    """Store leads, properties or customers. The same again, in any order, changes nothing; what changed is kept."""
    _run("leads", file, mapping, rejects, organisation, preview=preview, as_json=as_json, readmit=readmit)


def events(
    file: File,
    mapping: Map = None,
    preview: Preview = False,
    rejects: Rejects = None,
    organisation: Organisation = DEFAULT,
    as_json: take.AsJson = False,
) -> None:
    """Store what happened to leads. The same event again, in any order, is one."""
    _run("events", file, mapping, rejects, organisation, preview=preview, as_json=as_json)


def outcomes(
    file: File,
    mapping: Map = None,
    preview: Preview = False,
    rejects: Rejects = None,
    organisation: Organisation = DEFAULT,
    as_json: take.AsJson = False,
) -> None:
    """Store how it ended for leads: won or not, and for what. The same outcome again, in any order, is one."""
    _run("outcomes", file, mapping, rejects, organisation, preview=preview, as_json=as_json)


def _run(
    kind: str,
    file: Path,
    mapping: Path | None,
    rejects: Path | None,
    organisation: str,
    *,
    preview: bool,
    as_json: bool,
    readmit: bool = False,
) -> None:
    # Imported here, so that other commands need not wait for the database.
    from leadwise.app.history_session import HistoryOptions, preview_file, run_history_import
    from leadwise.connectors.records.mapping import RecordKind

    options = HistoryOptions(RecordKind(kind), file, mapping, rejects, organisation, readmit, as_json)
    if preview:
        preview_file(options)
    else:
        run_history_import(options)
