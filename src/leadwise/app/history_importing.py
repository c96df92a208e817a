"""Files of leads, events and outcomes into the store, piece by piece.

Each piece is a transaction of its own: a process that is killed loses nothing of which progress has said that it is
stored, and the same file again completes it without doubles. While the database takes one piece, the next is read.
"""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute
from pydantic import BaseModel

from leadwise.app.rejects import Rejects
from leadwise.connectors.records.columns import RecordColumns
from leadwise.connectors.records.mapping import RecordKind
from leadwise.connectors.records.reading import Records, read_records
from leadwise.connectors.tables import TableFile
from leadwise.domain.errors import Invalid
from leadwise.domain.progress import Progress
from leadwise.store.bulk import look_at
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.results import AddResult

CHUNK_ROWS = 100_000
PIECES_AT_ONCE = 2
"""While one is read, the database takes the other."""
Made = TypeVar("Made")
pc: Any = pyarrow.compute


class NothingStoredError(Invalid):
    """Not one row of the file could be stored."""

    code = "nothing_stored"

    def __init__(self, rows: int, reason: str, rejects: Path) -> None:
        self.rows, self.reason, self.rejects = rows, reason, rejects
        super().__init__(
            f"At least one of the {rows:,} rows should be fit to be stored, but none is. The first: {reason} "
            f"All rows, with the reasons, are in {rejects}."
        )


class HistoryResult(BaseModel):
    """What became of the rows of a file.

    `changed` rows told of changed fields, or took the place of what was stored, since they were recorded first;
    `in_future` lie after `recorded_at`, the instant of the import; `reasons` has the first rejection of each sort.
    """

    kind: str
    organisation: str
    rows: int
    added: int
    unchanged: int
    changed: int
    rejected: int
    reasons: dict[str, int]
    rejects: Path | None
    in_future: int
    by_content: bool
    recorded_at: datetime


@dataclass(frozen=True)
class LeadOptions:
    """What may be asked for where leads are imported.

    Args:
        readmit: Whether leads that were erased are stored again.
        create_organisation: Whether the organisation begins with this import, if it is not there.
    """

    readmit: bool = False
    create_organisation: bool = False


class Destination(Protocol):
    """Where records go: a database, or a service."""

    @property
    def organisation(self) -> str:
        """Whose records they are."""

    def begin(self) -> None:
        """See that records can be stored there.

        Raises:
            LeadwiseError: why not.
        """

    def store(self, kind: RecordKind, table: pa.Table) -> AddResult:
        """Store a table as the repository of this kind takes it, durably; rejections say which row it was."""

    def end(self, kind: RecordKind) -> None:
        """Hear that all tables of this kind are stored."""


class DatabaseDestination:
    """A database, where each piece is a transaction of its own.

    Args:
        database: Where to.
        organisation: Whose.
        options: What is asked for besides.
    """

    def __init__(self, database: Database, organisation: str, options: LeadOptions | None = None) -> None:
        self.organisation = organisation
        self._database, self._options = database, options or LeadOptions()

    def begin(self) -> None:
        """See that the organisation is there; make it, if that is asked for."""
        with self._database.transaction() as connection:
            organisations = OrganisationRepository(connection)
            if self._options.create_organisation:
                organisations.ensure(self.organisation)
            organisations.check(self.organisation)

    def store(self, kind: RecordKind, table: pa.Table) -> AddResult:
        """Store a table."""
        with self._database.transaction() as connection:
            if kind is RecordKind.LEADS:
                return LeadRepository(connection, self.organisation).add_table(table, readmit=self._options.readmit)
            if kind is RecordKind.EVENTS:
                return EventRepository(connection, self.organisation).add_table(table)
            return OutcomeRepository(connection, self.organisation).add_table(table)

    def end(self, kind: RecordKind) -> None:
        """Let the database look at what came in, so that it plans well from now on."""
        with self._database.transaction() as connection:
            look_at(connection, ("leads", "statements") if kind is RecordKind.LEADS else (kind,))


class HistoryImport:
    """The import of one file.

    Args:
        destination: Where to.
        columns: What the columns of the file are.
        recorded_at: Now.
    """

    def __init__(self, destination: Destination, columns: RecordColumns, recorded_at: datetime) -> None:
        self._destination, self._columns, self._recorded_at = destination, columns, recorded_at

    def run(self, file: TableFile, rejects: Rejects, progress: Progress) -> HistoryResult:
        """Store the rows of the file, and hand those that cannot be stored to `rejects`.

        Raises:
            OrganisationNotFoundError: if the organisation is not there.
            NothingStoredError: if no row can be stored.
            RejectsNotWrittenError: if there is no room for the rows that cannot be stored.
            ServerUnreachableError, DiskFullError and their kin: then the pieces before are stored.
        """
        table, rows = file.table, file.table.num_rows + len(file.left_out)
        begins = range(0, table.num_rows, CHUNK_ROWS)
        progress.start(total_steps=len(begins))
        self._destination.begin()
        total, in_future = AddResult(0, 0), 0
        with closing(_several_at_once(lambda begin: self._store(table, begin), begins)) as pieces:
            for begin in begins:
                progress.step(f"storing {self._columns.kind} from row {begin + 1:,} of {table.num_rows:,}")
                records, stored = next(pieces)
                reasons = records.rejected | _reasons(records, stored)
                rejects.add({begin + position: reason for position, reason in reasons.items()})
                in_future += self._in_future(records)
                total = _sum(total, stored)
        self._destination.end(self._columns.kind)
        progress.finish()
        if not total.added + total.unchanged + total.changed:
            raise NothingStoredError(rows, next(iter(rejects.reasons)), rejects.path)
        return self._result(rows, total, rejects, in_future)

    def _store(self, table: pa.Table, begin: int) -> tuple[Records, AddResult]:
        records = read_records(table.slice(begin, CHUNK_ROWS), self._columns, self._recorded_at)
        return records, self._destination.store(self._columns.kind, records.table)

    def _in_future(self, records: Records) -> int:
        now = pa.scalar(self._recorded_at, pa.timestamp("us", "UTC"))
        stamps = (records.table["occurred_at"], records.table["recorded_at"])
        return int(pc.sum(pc.or_(*(pc.greater(stamp, now) for stamp in stamps))).as_py() or 0)

    def _result(self, rows: int, total: AddResult, rejects: Rejects, in_future: int) -> HistoryResult:
        return HistoryResult(
            kind=self._columns.kind,
            organisation=self._destination.organisation,
            rows=rows,
            added=total.added,
            unchanged=total.unchanged,
            changed=total.changed,
            rejected=rejects.count,
            reasons=rejects.reasons,
            rejects=rejects.path if rejects.count else None,
            in_future=in_future,
            by_content="external_id" not in self._columns.roles,
            recorded_at=self._recorded_at,
        )


def _reasons(records: Records, stored: AddResult) -> dict[int, str]:
    """The rejections of the store, by position in the rows that were read."""
    return {
        int(records.rows[rejection.position - 1]): rejection.reason
        for rejection in stored.rejected
        if rejection.position is not None
    }


def _sum(one: AddResult, other: AddResult) -> AddResult:
    return AddResult(one.added + other.added, one.unchanged + other.unchanged, one.changed + other.changed)


def _several_at_once(make: Callable[[int], Made], begins: range) -> Generator[Made]:
    """What is made of each, in order; the next ones are made meanwhile."""
    with ThreadPoolExecutor(PIECES_AT_ONCE) as pool:
        coming = deque(pool.submit(make, begin) for begin in begins[:PIECES_AT_ONCE])
        for begin in begins[PIECES_AT_ONCE:]:
            yield coming.popleft().result()
            coming.append(pool.submit(make, begin))
        while coming:
            yield coming.popleft().result()
