"""How long one lead takes, out of the store to its features as of now: of a target without a market, and of one with.

    uv run python benchmarks/one_lead.py [--leads 20000 200000] [--events-per-lead 25]

Leads and events are made up as in `features.py`, and stored in an embedded PostgreSQL. Half of the prices are of the
last 180 days; make and channel are a market, of which there are 120. What the first lead of a day takes, when the
medians of all markets are found, is told apart.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from sqlalchemy import Connection

import features
from features import DAY, FIELDS, the_target
from leadwise.domain.clock import now
from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.target import Target
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import compute
from leadwise.scoring.lead_history import read_leads
from leadwise.store.bulk import look_at
from leadwise.store.database import Database, open_database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository

PIECE = 100_000
LEADS = 200


def with_market() -> Target:
    """The target of `features.py`, whose prices have a market."""
    target = the_target()
    fields = [
        field.model_copy(update={"market": ("make", "channel")}) if field.name == "price" else field
        for field in target.fields
    ]
    return target.model_copy(update={"fields": tuple(fields)})


def store(database: Database, leads: int, events: int) -> None:
    """Leads that came over the last year, with what they said on arrival, and their events."""
    tables = features.made_up(leads, events)
    shift = microseconds(now()) - features.START - 365 * DAY
    said: list[dict[str, str | None]] = [{} for _ in range(leads)]
    for row in tables["statements"].slice(0, leads * len(FIELDS)).to_pylist():
        said[row["lead"]][row["field"]] = row["text"]
    names = tables["leads"]["external_id"]
    arrived = stamps(tables["leads"]["occurred_at"], shift)
    of_leads = {"source": ["crm"] * leads, "external_id": names, "entity": ["lead"] * leads, "occurred_at": arrived}
    of_leads |= {"recorded_at": arrived, "fields": [orjson.dumps(each).decode() for each in said]}
    happened = tables["events"]
    numbers = happened["lead"].to_numpy()
    of_events = {
        "source": ["crm"] * events,
        "external_id": [f"{number:08x}" for number in range(events)],
        "lead_source": ["crm"] * events,
        "lead_external_id": names.take(pa.array(numbers)),
        "occurred_at": stamps(happened["occurred_at"], shift),
        "recorded_at": stamps(happened["recorded_at"], shift),
        "kind": happened["kind"],
        "fields": ["{}"] * events,
    }
    add(database, lambda connection, table: LeadRepository(connection).add_table(table), pa.table(of_leads))
    add(database, lambda connection, table: EventRepository(connection).add_table(table), pa.table(of_events))
    with database.transaction() as connection:
        look_at(connection, ["leads", "statements", "events"])


def stamps(instants: "pa.ChunkedArray[Any]", shift: int) -> "pa.Array[Any]":
    return pa.array(instants.to_numpy() + shift, pa.timestamp("us", "UTC"))


def add(database: Database, to: Callable[[Connection, pa.Table], object], table: pa.Table) -> None:
    for start in range(0, table.num_rows, PIECE):
        with database.transaction() as connection:
            to(connection, table.slice(start, PIECE))


def one(database: Database, target: Target, engine: DuckDBEngine, lead: int) -> tuple[float, float]:
    """Milliseconds to read a lead, as the service does, and to compute its features."""
    as_of, began = microseconds(now()), time.perf_counter()
    with database.transaction("default") as connection:
        history = read_leads(connection, "default", target, [lead], [as_of])
    read = time.perf_counter()
    compute(target, history, pa.table([[lead], [as_of]], schema=MOMENTS), engine)
    return (read - began) * 1000, (time.perf_counter() - read) * 1000


def measure(leads: int, events: int) -> None:
    with tempfile.TemporaryDirectory(prefix="lw-bench-") as name:
        Path(name).chmod(0o755)
        with open_database(None, Path(name)) as database:
            store(database, leads, events)
            with database.transaction() as connection:
                numbers = connection.exec_driver_sql("SELECT id FROM leads").scalars().all()
            chosen = np.random.default_rng(1).choice(numbers, LEADS + 1, replace=False).tolist()
            for words, target in (("no market", the_target()), ("a market", with_market())):
                engine = DuckDBEngine()
                first, *taken = [one(database, target, engine, lead) for lead in chosen]
                read, computed = (statistics.median(each) for each in zip(*taken, strict=True))
                both = sorted(map(sum, taken))
                of_all = f"{both[LEADS // 2]:.1f} | {both[LEADS // 10]:.1f}"
                print(
                    f"| {leads:,} | {words} | {read:.1f} | {computed:.1f} | {of_all} | {sum(first):,.0f} |", flush=True
                )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--leads", type=int, nargs="+", default=[20_000, 200_000])
    options.add_argument("--events-per-lead", type=int, default=25)
    chosen = options.parse_args()
    print(f"{os.getloadavg()[0]:.1f} processes waited before. Milliseconds, medians of {LEADS} leads:\n")
    print("| leads stored | target | read | computed | together | quickest tenth | first of the day |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for leads in chosen.leads:
        measure(leads, leads * chosen.events_per_lead)


if __name__ == "__main__":
    main()
