"""How long the features of many leads take on each engine: DuckDB in this process, Spark in one Java process beside it.

Leads and events are drawn at random for a blueprint's target; each lead is looked at once. The session is started, and
the statement run once on a few leads, before the clock runs: start-up is told by itself.

    uv run --extra spark python benchmarks/engines.py [--leads 200000] [--write]
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.domain.history import EVENTS, LEADS, MOMENTS, OUTCOMES, STATEMENTS, History
from leadwise.domain.target import FieldKind, Target
from leadwise.features.engines import Engine
from leadwise.features.engines.choice import get_engine
from leadwise.features.history import compute, definitions

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "engines.md"
BLUEPRINT, EVENTS_EACH = "crm-leads", 10
HOUR = 3_600_000_000
YEAR = 365 * 24 * HOUR
BEGIN = 1_767_225_600_000_000  # 2026-01-01


def history(target: Target, leads: int) -> History:
    draw = np.random.default_rng(1)
    arrived = BEGIN + draw.integers(0, YEAR, leads)
    lead = np.arange(leads)
    events = np.sort(draw.integers(0, leads, leads * EVENTS_EACH))
    at = arrived[events] + draw.integers(0, YEAR // 4, len(events))
    kinds = np.array([kind.name for kind in target.events])[draw.integers(0, len(target.events), len(events))]
    numbers = {name: draw.integers(0, 10_000, len(events)) / 100 for name in target.numbers}
    said = [_statements(field.name, field.kind, lead, arrived, draw) for field in target.fields if field.feature]
    happened = [pa.array(column) for column in (events, kinds, at, at, np.arange(len(events)))]
    names = [f"L-{number}" for number in range(leads)]
    return History(
        pa.table([lead, ["crm"] * leads, names, arrived, arrived], schema=LEADS),
        pa.concat_tables([STATEMENTS.empty_table(), *said]),
        pa.table([*happened, *numbers.values()], names=[*EVENTS.names, *numbers]),
        OUTCOMES.empty_table(),
    )


def _statements(field: str, kind: FieldKind, lead: np.ndarray, at: np.ndarray, draw: np.random.Generator) -> pa.Table:
    drawn = draw.integers(1, 1_000, len(lead))
    texts = pa.array(drawn).cast(pa.string())
    number = pa.array(drawn.astype(float)) if kind is FieldKind.NUMBER else pa.nulls(len(lead), pa.float64())
    names = pa.array([field]).take(np.zeros(len(lead), int))
    return pa.table([pa.array(lead), names, texts, number, *map(pa.array, (at, at, lead))], schema=STATEMENTS)


def seconds(target: Target, given: History, moments: pa.Table, engine: Engine) -> float:
    started = time.perf_counter()
    compute(target, given, moments, engine)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=200_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    target = load_blueprint(BLUEPRINT).target.model_copy(update={"features": ()})
    given = history(target, options.leads)
    moments = pa.table([given.leads["lead"], pa.array([BEGIN + 2 * YEAR] * options.leads)], schema=MOMENTS)
    lines = [
        "| engine | start-up and first statement | features of all leads | leads a second |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name in ("duckdb", "spark-local"):
        engine = get_engine(name, memory="2g")
        first = seconds(target, given, moments.slice(0, 100), engine)
        took = min(seconds(target, given, moments, engine) for _ in range(2))
        lines.append(f"| {name} | {first:.1f} s | {took:.1f} s | {options.leads / took:,.0f} |")
        print(lines[-1], flush=True)
    size = f"{options.leads:,} leads, {given.events.num_rows:,} events, {len(definitions(target))} features"
    title = f"{size}, two processors, the better of two runs:"
    report = "\n".join(["# Engines", "", "Made by `benchmarks/engines.py`.", "", title, "", *lines, ""])
    if options.write:
        RESULTS.write_text(report)
    print(report)


if __name__ == "__main__":
    main()
