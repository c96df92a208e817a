"""`leadwise import leads`, `import events`, `import outcomes`."""

from collections.abc import Callable
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
Readmit = Annotated[bool, typer.Option("--readmit", help="Store leads again that were erased by `leadwise forget`.")]
CreateOrganisation = Annotated[
    bool, typer.Option("--create-organisation", help="Begin the organisation with this import, if it is not there.")
]
Command = Callable[..., None]


def _command(kind: str, description: str) -> Command:
    """The command that imports a file of one kind."""

    def run(
        file: File,
        mapping: Map = None,
        preview: Preview = False,
        rejects: Rejects = None,
        organisation: take.Organisation = "default",
        server: take.Server = None,
        as_json: take.AsJson = False,
    ) -> None:
        _run(kind, file, mapping, rejects, organisation, server, preview=preview, as_json=as_json)

    run.__doc__ = description
    return run


events = _command("events", "Store what happened to leads. The same event again, in any order, is one.")
outcomes = _command(
    "outcomes",
    "Store how it ended for leads: won or not, and for what. The same outcome again, in any order, is one.",
)


def leads(
    file: File,
    mapping: Map = None,
    preview: Preview = False,
    rejects: Rejects = None,
    organisation: take.Organisation = "default",
    create_organisation: CreateOrganisation = False,
    readmit: Readmit = False,
    server: take.Server = None,
    as_json: take.AsJson = False,
) -> None:
    """Store leads, properties or customers. The same again, in any order, changes nothing; what changed is kept."""
    of_leads = {"create_organisation": create_organisation, "readmit": readmit}
    _run("leads", file, mapping, rejects, organisation, server, preview=preview, as_json=as_json, of_leads=of_leads)


COMMANDS: dict[str, Command] = {"leads": leads, "events": events, "outcomes": outcomes}


def _run(
    kind: str,
    file: Path,
    mapping: Path | None,
    rejects: Path | None,
    organisation: str,
    server: str | None,
    *,
    preview: bool,
    as_json: bool,
    of_leads: dict[str, bool] | None = None,
) -> None:
    from leadwise.app.history_importing import LeadOptions
    from leadwise.app.history_session import HistoryOptions, preview_file, run_history_import
    from leadwise.connectors.records.mapping import RecordKind

    of_leads = of_leads or {}
    if server is not None:
        given = {f"--{name.replace('_', '-')}": asked for name, asked in of_leads.items()}
        take.refuse_with_server({"--organisation": organisation != "default", **given})
    options = HistoryOptions(
        RecordKind(kind), file, mapping, rejects, organisation, as_json, LeadOptions(**of_leads), server
    )
    if preview:
        preview_file(options)
    else:
        run_history_import(options)
