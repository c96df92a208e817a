"""How fast features are computed: of many leads at five landmarks each, and of one lead as of now.

Leads, events and statements are made up. The references compute the same columns from the same tables: one SQL
statement written by hand for DuckDB with the same threads and memory (`features_by_hand`), and pandas
(`features_in_pandas`). All values are compared. Each runs in a process of its own, which reports its memory.

    uv run python benchmarks/features.py [--leads 200000] [--events 5000000] [--pandas-leads 200000] [--write]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadwise.domain.history import EVENTS, LEADS, MOMENTS, OUTCOMES, STATEMENTS, History
from leadwise.domain.target import Actor, EventKind, EventNumber, FieldKind, LeadField, Target
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import compute, definitions

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "features.md"
HOUR, DAY = 3_600_000_000, 86_400_000_000
START = 20_000 * DAY
AGES_DAYS = (0, 1, 3, 7, 14)
KINDS = {
    "message_received": ("Replies", Actor.LEAD),
    "message_sent": ("Our messages", Actor.STAFF),
    "email_opened": ("Mails opened", Actor.LEAD),
    "page_viewed": ("Pages viewed", Actor.LEAD),
    "call_made": ("Calls", Actor.STAFF),
    "meeting_booked": ("Meetings booked", Actor.LEAD),
    "meeting_held": ("Meetings held", None),
    "order_placed": ("Orders", None),
}
FIELDS = {
    "price": FieldKind.NUMBER,
    "distance": FieldKind.NUMBER,
    "make": FieldKind.TEXT,
    "channel": FieldKind.TEXT,
    "financing": FieldKind.YES_NO,
    "message": FieldKind.LONG_TEXT,
    "wanted_from": FieldKind.DATE,
}


def the_target() -> Target:
    """All default features of eight kinds of events and seven fields."""
    amount = EventNumber(name="amount", title="Amount", unit="EUR")
    words = {"never": "Never", "once": "Once", "times": "{value} times"}
    return Target(
        name="sold",
        title="Buys",
        entity="lead",
        horizon_days=60,
        open_days=30,
        ages_days=AGES_DAYS,
        fields=tuple(LeadField(name=name, title=name.title(), kind=kind, missing="-") for name, kind in FIELDS.items()),
        events=tuple(
            EventKind(name=name, title=title, actor=actor, numbers=(amount,) if name == "order_placed" else (), **words)
            for name, (title, actor) in KINDS.items()
        ),
    )


def made_up(leads: int, events: int, seed: int = 0) -> dict[str, pa.Table]:
    """Leads over a year, events mostly in the first weeks of each, one in ten of them recorded late."""
    random = np.random.default_rng(seed)
    arrived = np.sort(START + random.integers(0, 365 * DAY, leads))
    lead = random.integers(0, leads, events)
    occurred = arrived[lead] + (random.exponential(10, events) * DAY).astype(np.int64)
    recorded = occurred + (random.random(events) < 0.1) * random.integers(0, DAY, events)
    order = np.lexsort((recorded, occurred))
    kind = random.choice(list(KINDS), events, p=[0.15, 0.2, 0.2, 0.25, 0.08, 0.05, 0.03, 0.04])
    amount = np.where(kind == "order_placed", random.gamma(2, 100, events).round(2), np.nan)
    ids = np.arange(leads)
    names = pa.array(np.char.add("L", ids.astype(str)))
    happened = [lead[order], kind[order], occurred[order], recorded[order], np.arange(events)]
    said = statements(arrived, random)
    moments = (arrived[:, np.newaxis] + np.array(AGES_DAYS) * DAY).ravel()
    return {
        "leads": pa.table([ids, pa.array(["crm"] * leads), names, arrived, arrived], schema=LEADS),
        "statements": said,
        "events": pa.table(happened, schema=EVENTS).append_column("amount", pa.array(amount[order], from_pandas=True)),
        "moments": pa.table([np.repeat(ids, len(AGES_DAYS)), moments], schema=MOMENTS),
    }


def statements(arrived: np.ndarray, random: np.random.Generator) -> pa.Table:
    """All fields on arrival, and for one lead in five a new price later."""
    leads = len(arrived)
    days = (np.datetime64("2025-01-01") + random.integers(0, 500, leads)).astype(str)
    texts = {
        "price": random.integers(1_000, 50_000, leads).astype(str),
        "distance": random.integers(1, 500, leads).astype(str),
        "make": random.choice([f"make {code}" for code in range(30)], leads),
        "channel": random.choice(["portal", "web", "phone", "walk-in"], leads),
        "financing": random.choice(["true", "false"], leads),
        "message": np.array(["x" * length for length in range(400)])[random.integers(1, 400, leads)],
        "wanted_from": days,
    }
    changing = np.flatnonzero(random.random(leads) < 0.2)
    later = arrived[changing] + random.integers(0, 20 * DAY, len(changing))
    fields = [name for name in texts for _ in range(leads)] + ["price"] * len(changing)
    text = np.concatenate([*texts.values(), random.integers(1_000, 50_000, len(changing)).astype(str)])
    known = pa.array(text.astype(object), pa.string(), mask=random.random(len(text)) < 0.05)
    is_number = np.isin(fields, ["price", "distance"])
    number = pc.cast(pc.if_else(pa.array(is_number), known, pa.scalar(None, pa.string())), pa.float64())
    at = np.concatenate([np.tile(arrived, len(texts)), later])
    lead = np.concatenate([np.tile(np.arange(leads), len(texts)), changing])
    return pa.table([lead, fields, known, number, at, at, np.arange(len(lead))], schema=STATEMENTS)


def history_of(tables: dict[str, pa.Table]) -> History:
    return History(tables["leads"], tables["statements"], tables["events"], OUTCOMES.empty_table())


def ours(tables: dict[str, pa.Table]) -> pa.Table:
    return compute(the_target(), history_of(tables), tables["moments"], DuckDBEngine(threads=2))


def by_hand(tables: dict[str, pa.Table]) -> pa.Table:
    import duckdb
    from features_by_hand import statement

    with duckdb.connect(config={"memory_limit": "3GB", "threads": 2}) as connection:
        for name, table in tables.items():
            connection.register(name, table)
        found: pa.Table = connection.sql(statement(the_target())).to_arrow_table()
        return found


def pandas(tables: dict[str, pa.Table]) -> pa.Table:
    from features_in_pandas import in_pandas

    frames = {name: table.to_pandas() for name, table in tables.items()}
    return pa.Table.from_pandas(in_pandas(the_target(), frames), preserve_index=False)


def one_lead(tables: dict[str, pa.Table]) -> dict[str, list[float]]:
    """Milliseconds for each of some leads, with the tables of that lead as the store gives them."""
    target, engine = the_target(), DuckDBEngine()
    taken: list[float] = []
    taken_cpu: list[float] = []
    for lead in np.random.default_rng(1).choice(tables["leads"].num_rows, 201, replace=False):
        own = {name: table.filter(pc.equal(table["lead"], pa.scalar(int(lead)))) for name, table in tables.items()}
        begin, begin_cpu = time.perf_counter(), time.process_time()
        compute(target, history_of(own), own["moments"].slice(4), engine)
        taken.append((time.perf_counter() - begin) * 1000)
        taken_cpu.append((time.process_time() - begin_cpu) * 1000)
    return {"milliseconds": taken[1:], "cpu_milliseconds": taken_cpu[1:]}


WAYS = {"ours": ours, "by hand": by_hand, "pandas": pandas}


def measure(way: str, folder: Path) -> None:
    """Run one way in this process, and print seconds and memory; its result goes into the folder."""
    tables = {path.stem: pq.read_table(path) for path in folder.glob("*.parquet")}
    if way == "one lead":
        print(json.dumps(one_lead(tables)))
        return
    begin, begin_cpu = time.perf_counter(), time.process_time()
    found = WAYS[way](tables)
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - begin_cpu
    (folder / "found").mkdir(exist_ok=True)
    pq.write_table(found, folder / "found" / f"{way}.parquet")
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_gib": peak_gib()}))


def peak_gib() -> float:
    """The most memory that this process ever had; what its parent had is not counted."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024**2


def run(way: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def agree(folder: Path, way: str) -> int:
    """How many values of ours the other way has too; all, or this is no comparison."""
    mine, other = (pq.read_table(folder / "found" / f"{name}.parquet") for name in ("ours", way))
    compared = 0
    for definition in definitions(the_target()):
        one, two = mine[definition.name], other[definition.name].cast(definition.dtype)
        if pa.types.is_floating(definition.dtype):
            a, b = one.to_numpy(), two.to_numpy()
            same = np.isclose(a, b, rtol=1e-9, atol=1e-6, equal_nan=True).all()
        else:
            same = one.equals(two)
        if not same:
            message = f"{way} has other values of {definition.name!r}"
            raise SystemExit(message)
        compared += len(one)
    return compared


def report(leads: int, events: int, pandas_leads: int, runs: int) -> list[str]:
    load = f"{os.getloadavg()[0]:.1f}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(made_up(leads, events), folder)
        mine, hand = [], []
        for _ in range(runs):  # turn by turn, so that a busy machine is busy for both
            mine.append(run("ours", folder))
            hand.append(run("by hand", folder))
        compared = agree(folder, "by hand")
        alone = run("one lead", folder)
        if pandas_leads != leads:
            write(made_up(pandas_leads, events * pandas_leads // leads), folder)
        beside = run("ours", folder)
        other = run("pandas", folder)
        compared += agree(folder, "pandas")
    rows = leads * len(AGES_DAYS)
    title = f"{len(definitions(the_target()))} features of {leads:,} leads with {events:,} events"
    by = ("seconds", "cpu_seconds")
    ratio = [f"{median(mine, name) / median(hand, name):.2f}" for name in by]
    times = [f"{other[name] / beside[name]:.1f}" for name in by]
    return [
        f"{title} at {len(AGES_DAYS)} landmarks each ({rows:,} rows), on two cores,",
        f"for which {load} processes waited before and {os.getloadavg()[0]:.1f} after.",
        "",
        "| way | leads | processor seconds | seconds | most memory |",
        "| --- | ---: | ---: | ---: | ---: |",
        line("leadwise on DuckDB", leads, mine),
        line("one SQL statement by hand", leads, hand),
        line("leadwise on DuckDB", pandas_leads, [beside]),
        line("pandas", pandas_leads, [other]),
        "",
        f"By the clock leadwise takes {ratio[0]} times as long as the statement by hand (at most 1.3 is asked for),",
        f"and pandas {times[0]} times as long as leadwise (at least 10); by the processors' time {ratio[1]} and",
        f"{times[1]}.",
        f"All {compared:,} values were compared; they are equal, floats to 1e-9.",
        "",
        f"One lead's features as of now: median {statistics.median(alone['milliseconds']):.1f} ms, of which the",
        f"processor's {statistics.median(alone['cpu_milliseconds']):.1f} ms (below 15 ms is asked for).",
    ]


def median(runs: list[dict[str, Any]], name: str) -> float:
    return statistics.median(float(run[name]) for run in runs)


def line(way: str, leads: int, runs: list[dict[str, Any]]) -> str:
    numbers = f"{median(runs, 'cpu_seconds'):.1f} | {median(runs, 'seconds'):.1f}"
    return f"| {way} | {leads:,} | {numbers} | {max(float(run['peak_gib']) for run in runs):.1f} GiB |"


def write(tables: dict[str, pa.Table], folder: Path) -> None:
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")


def main() -> None:
    """Measure, print, and write where asked."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--leads", type=int, default=200_000)
    options.add_argument("--events", type=int, default=5_000_000)
    options.add_argument("--pandas-leads", type=int, default=200_000)
    options.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    options.add_argument("--way", help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--runs", type=int, default=3, help="of each way; the median counts")
    chosen = options.parse_args()
    if chosen.way:
        measure(chosen.way, chosen.folder)
        return
    text = "\n".join(
        ["# Speed of features", "", *report(chosen.leads, chosen.events, chosen.pandas_leads, chosen.runs), ""]
    )
    print(text)
    if chosen.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
