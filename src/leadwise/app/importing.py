"""A table's leads and outcomes into the store: the same table again changes nothing, a killed process leaves nothing.

What the table says is taken as learnt at the instant of the import, since nobody can tell since when its cells have
held what they hold. So nothing of it can be used for an instant before, and late knowledge never looks early.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from leadwise.app.importing_roles import ImportOptions, Roles, assign_roles
from leadwise.app.importing_rows import NamedRows, name_rows, read_fields, read_times
from leadwise.domain.errors import Invalid
from leadwise.domain.lead import Lead, Outcome
from leadwise.domain.progress import Progress
from leadwise.store.database import Database
from leadwise.store.leads import LeadRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.results import AddResult, Rejection

STEP_ROWS = 20_000
"""So many rows are stored between two words of progress."""


class NothingImportedError(Invalid):
    """No row of the table could be stored."""

    code = "nothing_imported"

    def __init__(self, rows: int, rejected: tuple[Rejection, ...]) -> None:
        self.rows, self.rejected = rows, rejected
        example = f" The first: {rejected[0].reason}" if rejected else ""
        super().__init__(f"None of the {rows:,} rows could be imported.{example} Choose another --id column.")


@dataclass(frozen=True)
class ImportResult:
    """What became of a table.

    Args:
        source: The name under which its leads are known.
        roles: What each column was taken for.
        leads: What became of its rows; those without an identifier of their own are among the rejected.
        outcomes: What became of its outcomes; None where no outcome column was named.
        unknown_times: Rows whose time could not be read, so that they count as arrived when they were imported.
    """

    source: str
    roles: Roles
    leads: AddResult
    outcomes: AddResult | None
    unknown_times: int


def import_leads(
    database: Database, table: pa.Table, options: ImportOptions, recorded_at: datetime, progress: Progress
) -> ImportResult:
    """Store the table's leads, and its outcomes where a column of them is named: all in one transaction.

    Args:
        database: Where to.
        table: One row per lead.
        options: What the columns are for.
        recorded_at: Now. Leads without a time count as arrived at the first import of them.
        progress: Hears of the steps.

    Raises:
        ColumnNotFoundError, NoOutcomeError and their kin: if the options do not fit the table.
        NothingImportedError: if no row can be stored.
    """
    steps = -(-table.num_rows // STEP_ROWS)
    progress.start(total_steps=2 + steps * (1 if options.outcome is None else 2))
    progress.step("understanding the columns")
    roles = assign_roles(table, options)
    progress.step("telling the rows apart")
    rows = name_rows(table, roles, options.source)
    times = read_times(table, options.time_column, unknown=recorded_at)
    with database.transaction() as connection:
        found = _leads(table, roles, rows, times.instants, options.source, recorded_at, progress)
        leads = LeadRepository(connection).add_many(found)
        leads = AddResult(leads.added, leads.unchanged, leads.changed, (*rows.rejected, *leads.rejected))
        if leads.added + leads.unchanged + leads.changed == 0:
            raise NothingImportedError(table.num_rows, leads.rejected)
        outcomes = None
        if roles.outcome is not None:
            outcomes = OutcomeRepository(connection).add_many(_outcomes(roles, rows, options, recorded_at, progress))
    progress.finish()
    return ImportResult(options.source, roles, leads, outcomes, times.unknown)


def _leads(
    table: pa.Table,
    roles: Roles,
    rows: NamedRows,
    times: list[datetime],
    source: str,
    recorded_at: datetime,
    progress: Progress,
) -> Iterator[Lead]:
    for row, (name, fields) in enumerate(zip(rows.names, read_fields(table, roles.fields), strict=True)):
        if row % STEP_ROWS == 0:
            progress.step(f"storing leads from row {row + 1:,} of {table.num_rows:,}")
        if name is not None:
            yield Lead(source, name, times[row], recorded_at, fields)


def _outcomes(
    roles: Roles, rows: NamedRows, options: ImportOptions, recorded_at: datetime, progress: Progress
) -> Iterator[Outcome]:
    assert roles.outcome is not None
    assert options.outcome is not None
    for row, (name, value) in enumerate(zip(rows.names, roles.outcome.values, strict=True)):
        if row % STEP_ROWS == 0:
            progress.step(f"storing outcomes from row {row + 1:,} of {len(rows.names):,}")
        if name is None or np.isnan(value):
            continue
        won = bool(value)
        yield Outcome(
            source=options.source,
            # A lead that was lost and is won in a later table has two outcomes: the first word is never overwritten.
            external_id=f"{name}:{options.outcome}:{'won' if won else 'lost'}",
            lead=(options.source, name),
            target=options.outcome,
            won=won,
            value=None,
            occurred_at=recorded_at,
            recorded_at=recorded_at,
        )
