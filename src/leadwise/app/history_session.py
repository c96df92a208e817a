"""One run of `leadwise import leads|events|outcomes`: read the file, store it, say what became of it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import typer

from leadwise.app.harmless import harmless
from leadwise.app.history_importing import DatabaseDestination, Destination, HistoryImport, HistoryResult, LeadOptions
from leadwise.app.output import print_json
from leadwise.app.progress import make_progress
from leadwise.app.rejects import Rejects
from leadwise.app.remote import ServiceDestination, open_service
from leadwise.app.settings import Settings
from leadwise.connectors.records.columns import RecordColumns, assign_columns
from leadwise.connectors.records.mapping import Mapping, RecordKind, read_mapping
from leadwise.connectors.records.reading import read_records
from leadwise.connectors.tables import TableFile, read_table
from leadwise.connectors.whole_file import check_writable
from leadwise.domain.clock import now
from leadwise.store.database import open_database

PREVIEW_ROWS = 5


@dataclass(frozen=True)
class HistoryOptions:
    """What the user asks for."""

    kind: RecordKind
    file: Path
    mapping: Path | None
    rejects: Path | None
    organisation: str
    as_json: bool
    of_leads: LeadOptions
    server: str | None = None


def run_history_import(options: HistoryOptions) -> None:
    """Import the file into the database of the settings, or into a service, and print what became of it."""
    place = options.rejects or options.file.with_name(f"{options.file.stem}.rejects.csv")
    with ExitStack() as stack:
        with make_progress() as progress:
            progress.start(total_steps=2)
            progress.step(f"reading {options.file.name}")
            file, columns = _read(options)
            check_writable(place, inputs=[options.file] if options.mapping is None else [options.file, options.mapping])
            progress.step("starting the database" if options.server is None else "reaching the service")
            destination = stack.enter_context(_destination(options))
            progress.finish()
        with make_progress() as progress, Rejects(place, file) as rejects:
            result = HistoryImport(destination, columns, now()).run(file, rejects, progress)
    if options.as_json:
        print_json(result)
    else:
        for line in _summary(file, columns, result):
            typer.echo(harmless(line))


@contextmanager
def _destination(options: HistoryOptions) -> Iterator[Destination]:
    """The service, or the database of the settings."""
    if options.server is not None:
        with open_service(options.server) as client:
            yield ServiceDestination(client)
        return
    settings = Settings()
    with open_database(settings.server_url, settings.data_folder) as database:
        yield DatabaseDestination(database, options.organisation, options.of_leads)


def preview_file(options: HistoryOptions) -> None:
    """Print what the first rows would become."""
    file, columns = _read(options)
    records = read_records(file.table.slice(0, PREVIEW_ROWS), columns, now())
    numbers = file.row_numbers.tolist()
    if options.as_json:
        rejected = {numbers[row]: reason for row, reason in records.rejected.items()}
        typer.echo(_as_json(records.table.to_pylist(), rejected))
        return
    for line in _explained(file, columns):
        typer.echo(harmless(line))
    made = dict(zip(records.rows.tolist(), records.table.to_pylist(), strict=True))
    for row in range(len(made) + len(records.rejected)):
        typer.echo(f"Row {numbers[row]}:" + ("" if row in made else f" rejected. {harmless(records.rejected[row])}"))
        for name, value in made.get(row, {}).items():
            typer.echo(harmless(f"  {name} = {value.isoformat() if hasattr(value, 'isoformat') else value}"))
    typer.echo("Nothing was stored; leave out --preview to store all rows.")


def _as_json(records: list[dict[str, object]], rejected: dict[int, str]) -> str:
    reasons = [{"row": row, "reason": reason} for row, reason in rejected.items()]
    return orjson.dumps({"records": records, "rejected": reasons}, option=orjson.OPT_INDENT_2).decode()


def _read(options: HistoryOptions) -> tuple[TableFile, RecordColumns]:
    """The file, and what its columns are; a mistake in the mapping is found before a long file is read."""
    mapping = Mapping(options.kind) if options.mapping is None else read_mapping(options.mapping, options.kind)
    file = read_table(options.file)
    return file, assign_columns(mapping, file.table.column_names)


def _explained(file: TableFile, columns: RecordColumns) -> Iterator[str]:
    yield from file.notes
    for role, origin in columns.roles.items():
        yield f"{role}: " + (f'"{origin.constant}"' if origin.column is None else f"the column {origin.column!r}")
    if columns.fields:
        yield f"fields: {', '.join(columns.fields)}"


def _summary(file: TableFile, columns: RecordColumns, result: HistoryResult) -> Iterator[str]:
    yield from file.notes
    yield (
        f"{result.kind.capitalize()}: {result.added:,} added, {result.unchanged:,} unchanged, "
        f"{result.changed:,} changed, {result.rejected:,} rejected."
    )
    if "recorded_at" not in columns.roles:
        yield f"Nothing says when they were recorded, so that counts as now ({result.recorded_at:%Y-%m-%d %H:%M} UTC)."
    if result.by_content:
        yield "Nothing identifies them, so rows with the same content count as one."
    if result.in_future:
        yield f"In the future, and not seen before: {result.in_future:,}."
    if columns.left_alone:
        yield f"Columns left alone: {', '.join(columns.left_alone)}."
    for reason, count in result.reasons.items():
        yield f"Rejected {count:,}: {reason}"
    if result.rejects is not None:
        yield f"All rejected rows, with the reasons: {result.rejects}"
