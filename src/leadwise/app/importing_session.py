"""One run of the import: read the file, store it, say what became of it."""

from collections.abc import Iterator
from pathlib import Path

import typer

from leadwise.app.importing import ImportResult, import_leads
from leadwise.app.importing_roles import ImportOptions, Roles
from leadwise.app.progress import make_progress
from leadwise.app.settings import Settings
from leadwise.connectors.tables import TableFile, read_table
from leadwise.domain.clock import now
from leadwise.store.database import open_database
from leadwise.store.results import AddResult, Rejection

SHOWN_REJECTIONS = 10


def run_import(path: Path, options: ImportOptions) -> None:
    """Import the file into the database of the settings, and print what became of it."""
    settings = Settings()
    with make_progress() as progress:
        progress.start(total_steps=2)
        progress.step(f"reading {path.name}")
        file = read_table(path)
        progress.step("starting the database")
        database = open_database(settings.server_url, settings.data_folder)
        progress.finish()
    with database, make_progress() as progress:
        result = import_leads(database, file.table, options, now(), progress)
    for line in summary(file, result, options):
        typer.echo(line)


def summary(file: TableFile, result: ImportResult, options: ImportOptions) -> Iterator[str]:
    """What became of the table, in lines for people."""
    yield from file.notes
    yield f"Leads of {result.source!r}: {_counts(result.leads)}."
    yield _identity(result.roles)
    if result.unknown_times:
        yield f"{result.unknown_times:,} rows have no date in {options.time_column!r} and count as arrived now."
    if result.outcomes is not None:
        assert result.roles.outcome is not None
        yield f"Outcomes {options.outcome!r} ({result.roles.outcome.won!r} is won): {_counts(result.outcomes)}."
    for report in result.roles.left_out:
        yield f"Left out {report.name!r}, which leaks (--keep stores it all the same): {report.evidence}"
    yield from _rejections(result.leads.rejected)
    if result.outcomes is not None:
        yield from _rejections(result.outcomes.rejected)


def _counts(result: AddResult) -> str:
    return (
        f"{result.added:,} added, {result.unchanged:,} unchanged, {result.changed:,} changed, "
        f"{len(result.rejected):,} rejected"
    )


def _identity(roles: Roles) -> str:
    if roles.id_column is not None:
        return f"They are identified by {roles.id_column!r}."
    return "No column identifies them, so a row with any other content counts as another lead; --id names a column."


def _rejections(rejected: tuple[Rejection, ...]) -> Iterator[str]:
    for rejection in rejected[:SHOWN_REJECTIONS]:
        yield f"Rejected: {rejection.reason}"
    if len(rejected) > SHOWN_REJECTIONS:
        yield f"... and {len(rejected) - SHOWN_REJECTIONS:,} more."
