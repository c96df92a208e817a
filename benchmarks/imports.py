"""How fast a history comes in, against a plain COPY of the same file in the same run, and how fast it comes out.

uv run python benchmarks/imports.py [--events 1000000] [--leads 40000]

A plain COPY knows no mapping, no duplicates and no unknown leads. It is measured twice: into a bare table, and into one
with the keys that make records findable and unique (primary key, reference to the lead, index by lead and time).
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from leadwise.app.history_importing import DatabaseDestination, HistoryImport
from leadwise.app.rejects import Rejects
from leadwise.connectors.records.columns import assign_columns
from leadwise.connectors.records.mapping import Mapping, RecordKind
from leadwise.connectors.tables import read_table
from leadwise.domain.progress import Silence
from leadwise.domain.target import EventKind, EventNumber, Target
from leadwise.store.database import Database, open_database
from leadwise.store.history import read_history

START = datetime(2025, 1, 1, tzinfo=UTC)
KINDS = np.array(["visit", "email_sent", "email_opened", "call", "order"])
COLUMNS = """source text NOT NULL, external_id text NOT NULL, lead text NOT NULL, kind text NOT NULL,
    occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, page text, amount double precision"""
BARE = f"CREATE TABLE bare ({COLUMNS})"
KEYED = """
CREATE TABLE plain_leads AS SELECT source, external_id FROM leads;
ALTER TABLE plain_leads ADD PRIMARY KEY (source, external_id);
CREATE TABLE keyed (LIKE bare, PRIMARY KEY (source, external_id),
    FOREIGN KEY (source, lead) REFERENCES plain_leads ON DELETE CASCADE);
CREATE INDEX ON keyed (source, lead, occurred_at);
"""
ORDER = EventKind(
    name="order", title="Orders", never="", once="", times="", numbers=(EventNumber(name="amount", title="Amount"),)
)
TARGET = Target(name="sold", title="Buys", entity="lead", horizon_days=9, open_days=9, ages_days=(0,), events=(ORDER,))


class Spent(NamedTuple):
    """Seconds by the clock, and of processors."""

    seconds: float
    processor: float


def write_files(folder: Path, leads: int, events: int) -> None:
    rng = np.random.default_rng(0)
    names = np.array([f"L{number:07d}" for number in range(leads)])
    arrived = instants(rng.integers(0, 200 * 86_400, leads))
    write(folder / "leads.csv", {
        "source": ["web"] * leads, "external_id": names, "occurred_at": arrived, "recorded_at": arrived,
        "city": rng.choice(["Berlin", "Pune", "Oslo"], leads), "budget": rng.integers(1, 1000, leads),
    })  # fmt: skip
    happened = rng.integers(200 * 86_400, 400 * 86_400, events)
    write(folder / "events.csv", {
        "source": ["web"] * events, "external_id": [f"{number:016x}" for number in rng.permutation(events)],
        "lead": names[rng.integers(0, leads, events)], "kind": KINDS[rng.integers(0, len(KINDS), events)],
        "occurred_at": instants(happened), "recorded_at": instants(happened + rng.integers(0, 3600, events)),
        "page": rng.choice(["/", "/price", "/contact"], events), "amount": rng.integers(1, 10_000, events) / 100,
    })  # fmt: skip


def instants(seconds: Any) -> Any:
    return pa.array(
        np.datetime64("2025-01-01T00:00:00", "us") + seconds.astype("timedelta64[s]"), pa.timestamp("us", "UTC")
    )


def write(path: Path, columns: dict[str, Any]) -> None:
    pv.write_csv(pa.table(columns), path)


def processor_seconds(database: Database) -> float:
    """Of this process and of all that the server runs, whatever else keeps the machine busy (Linux)."""
    with database.transaction() as connection:
        server = connection.exec_driver_sql("SELECT pg_read_file('postmaster.pid')").scalar_one().split()[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            _state, parent, *numbers = stat.read_text().rpartition(") ")[2].split()
            ticks += int(numbers[9]) + int(numbers[10]) if parent == server else 0
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def rest(database: Database) -> None:
    """Let the server do now what it would do beside the next measurement for the one before."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in ("VACUUM (ANALYZE)", "CHECKPOINT"):
            connection.exec_driver_sql(statement)


def timed(database: Database, what: str, rows: int, work: Callable[[], object]) -> Spent:
    rest(database)
    before, began = processor_seconds(database), time.perf_counter()
    work()
    seconds, processor = time.perf_counter() - began, processor_seconds(database) - before
    print(f"{what:36} {seconds:8.1f} s {rows / seconds:12,.0f} rows/s {processor:8.1f} s of processors")
    return Spent(seconds, processor)


def plain_copy(database: Database, table: str, path: Path) -> None:
    with database.transaction() as connection, path.open("rb") as file:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)") as copy:
            while block := file.read(1 << 20):
                copy.write(block)


def import_file(database: Database, kind: RecordKind, path: Path) -> None:
    file = read_table(path)
    columns = assign_columns(Mapping(kind), file.table.column_names)
    with Rejects(path.with_suffix(".rejects.csv"), file) as rejects:
        to = DatabaseDestination(database, "default")
        HistoryImport(to, columns, datetime.now(UTC)).run(file, rejects, Silence())


def read(database: Database) -> None:
    with database.transaction() as connection:
        history = read_history(connection, "default", TARGET)
    print(f"  {history.events.num_rows:,} events of {history.leads.num_rows:,} leads, {history.events.nbytes >> 20} MB")


def read_one(database: Database) -> None:
    with database.transaction() as connection:
        number = connection.exec_driver_sql("SELECT max(id) FROM leads").scalar_one()
    seconds = []
    for _ in range(50):
        began = time.perf_counter()
        with database.transaction() as connection:
            read_history(connection, "default", TARGET, [number])
        seconds.append(time.perf_counter() - began)
    print(f"One lead's history: median {np.median(seconds) * 1000:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--leads", type=int, default=40_000)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lw-bench-"))
    folder.chmod(0o755)
    write_files(folder, given.leads, given.events)
    print(f"{given.events:,} events of {given.leads:,} leads, {(folder / 'events.csv').stat().st_size >> 20} MB")
    with open_database(None, folder) as database:
        spent = partial(timed, database)
        leads, events = folder / "leads.csv", folder / "events.csv"
        spent("Import of leads", given.leads, lambda: import_file(database, RecordKind.LEADS, leads))
        for statements in (BARE, KEYED):
            with database.transaction() as connection:
                connection.exec_driver_sql(statements)
        bare = spent("Plain COPY into a bare table", given.events, lambda: plain_copy(database, "bare", events))
        keyed = spent("Plain COPY into a table with keys", given.events, lambda: plain_copy(database, "keyed", events))
        ours = spent("Import of events", given.events, lambda: import_file(database, RecordKind.EVENTS, events))
        spent("The same again", given.events, lambda: import_file(database, RecordKind.EVENTS, events))
        for measure, of_keyed, of_ours, of_bare in zip(("clock", "processors"), keyed, ours, bare, strict=True):
            rates = f"{of_keyed / of_ours:.2f} of a COPY with keys, {of_bare / of_ours:.2f} of a bare one"
            print(f"Rate of the import by {measure}: {rates}")
        spent("The history of all leads", given.events, lambda: read(database))
        read_one(database)
    print(f"Highest memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10:,} MB")


if __name__ == "__main__":
    main()
