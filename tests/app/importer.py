"""Imports of columns as if they came from files, for the tests of histories."""

import csv
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import func, select
from tests.targets import a_target

from leadwise.app.history_importing import DatabaseDestination, HistoryImport, HistoryResult, LeadOptions
from leadwise.app.rejects import Rejects
from leadwise.connectors.records.columns import assign_columns
from leadwise.connectors.records.mapping import Mapping, RecordKind, Roles
from leadwise.connectors.tables import TableFile, TableFormat
from leadwise.domain.history import History
from leadwise.domain.progress import Silence
from leadwise.domain.target import EventKind, EventNumber
from leadwise.store.database import Database
from leadwise.store.history import read_history

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORDER = EventKind(
    name="order", title="Orders", never="", once="", times="", numbers=(EventNumber(name="amount", title="Amount"),)
)
TARGET = a_target(horizon_days=9, open_days=9, events=(ORDER,))  # fmt: skip


@dataclass
class Importer:
    """Imports columns as if they came from a file."""

    database: Database
    folder: Path
    rejected: list[dict[str, str]] = field(default_factory=list)

    def __call__(
        self, kind: RecordKind, columns: dict[str, list[Any]], roles: Roles | None = None, **options: bool
    ) -> HistoryResult:
        file = TableFile(pa.table(columns), (), TableFormat.PARQUET)
        return self.file(file, Mapping(kind, roles or Roles()), **options)

    def file(self, file: TableFile, mapping: Mapping, **options: bool) -> HistoryResult:
        path = self.folder / "rejects.csv"
        with Rejects(path, file) as rejects:
            named = assign_columns(mapping, file.table.column_names)
            result = HistoryImport(
                DatabaseDestination(self.database, "default", LeadOptions(**options)), named, NOW
            ).run(file, rejects, Silence())
        self.rejected = list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []
        return result

    def leads(self, *names: str, **more: list[Any]) -> HistoryResult:
        same = {"source": ["web"] * len(names), "occurred_at": ["2026-01-05T09:30:00Z"] * len(names)}
        return self(RecordKind.LEADS, {**same, "recorded_at": same["occurred_at"], "external_id": [*names], **more})

    def events(self, *names: str, lead: str | list[str] = "1", **more: list[Any]) -> HistoryResult:
        count = len(names)
        columns: dict[str, list[Any]] = {
            "source": ["web"] * count,
            "external_id": [*names],
            "lead": [lead] * count if isinstance(lead, str) else lead,
            "kind": ["order"] * count,
            "occurred_at": ["2026-01-06T09:30:00Z"] * count,
            "recorded_at": ["2026-01-06T09:30:00Z"] * count,
        }
        return self(RecordKind.EVENTS, columns | more)

    def outcomes(self, *names: str, lead: str = "1", **more: list[Any]) -> HistoryResult:
        count = len(names)
        columns: dict[str, list[Any]] = {
            "source": ["crm"] * count,
            "external_id": [*names],
            "lead": [lead] * count,
            "lead_source": ["web"] * count,
            "target": ["sold"] * count,
            "won": ["yes"] * count,
            "occurred_at": ["2026-01-07T09:30:00Z"] * count,
        }
        return self(RecordKind.OUTCOMES, columns | more)

    def history(self) -> History:
        with self.database.transaction() as connection:
            return read_history(connection, "default", TARGET)

    def count(self, table: Any) -> int:
        with self.database.transaction() as connection:
            return int(connection.scalar(select(func.count()).select_from(table)) or 0)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As if the disk were full as soon as a file that this process writes has this size."""
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
