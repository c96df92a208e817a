"""How fast leads are scored with their reasons: one at a time, and a million at once, against LightGBM's own `predict`.

The leads are made up: twenty columns of all kinds, as a database would hold them and as texts of a CSV file. The model
is the default winner on 5,000 of them. LightGBM's `predict` gets the features as a matrix of floats, ready made, and
gives one number a row, by the same trees and threads, without calibration, grades or reasons.

    uv run python benchmarks/scoring.py [--rows 1000000] [--write]
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

import leadwise
from leadwise.domain.frame import Frame
from leadwise.features.encoding import encode
from leadwise.models.algorithm import THREADS, Predictor
from leadwise.models.boosters import Booster
from leadwise.models.margins import sigmoid
from leadwise.scoring.scorer import ROWS_AT_ONCE, score_in_batches
from leadwise.training.fitted_model import FittedModel

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "scoring.md"
LEARNT_FROM, ROWS_ALONE = 5_000, 3_000
BUDGET_SECONDS = 300
"""Enough for all algorithms to compete, on a busy machine too."""
IMPORTS = 5


def leads(rows: int, seed: int) -> pa.Table:
    """Made-up leads with their outcomes."""
    random = np.random.default_rng(seed)
    numbers = {f"Number {index}": random.gamma(2, 10 * (index + 1), rows).round(2) for index in range(5)}
    counts = {f"Count {index}": random.poisson(3 + index, rows) for index in range(4)}
    choices = {
        f"Choice {index}": random.choice([f"value {index}-{code}" for code in range(4 + 3 * index)], rows)
        for index in range(6)
    }
    days = np.datetime64("2025-01-01") + random.integers(0, 500, rows)
    signal = (
        0.3 * (counts["Count 0"] - 3)
        + 0.5 * np.log1p(numbers["Number 0"])
        + (choices["Choice 1"] == "value 1-2") * (counts["Count 1"] - 3)
        - 0.02 * numbers["Number 1"]
        + 0.8 * np.isin(choices["Choice 4"], ["value 4-1", "value 4-7", "value 4-9"])
    )
    return pa.table(
        {
            **numbers,
            **counts,
            **choices,
            "Campaign": np.char.add("c", random.integers(0, 500, rows).astype(str)),
            "Opted in": random.random(rows) < 0.4,
            "Seen": days,
            "Budget": random.lognormal(10, 1, rows).round(0),
            "Discount": random.uniform(0, 30, rows).round(1),
            "Converted": random.random(rows) < sigmoid(signal - 2.5),
        }
    )


def as_texts(table: pa.Table) -> pa.Table:
    """The table as a CSV file holds it."""
    return pa.table({name: table[name].cast(pa.string()) for name in table.column_names})


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def boosters(algorithm: Predictor) -> Iterator[Booster]:
    """All trees of an algorithm and of its members."""
    for member in getattr(algorithm, "models", ()):
        yield from boosters(member)
    yield from getattr(algorithm, "boosters", ())
    if hasattr(algorithm, "booster"):
        yield algorithm.booster


def lightgbm_alone(algorithm: Predictor, frame: Frame) -> None:
    """LightGBM's own `predict` with all trees."""
    for booster in boosters(algorithm):
        booster.trees.sums(frame.values, THREADS)


def alone(model: leadwise.Model, table: pa.Table) -> tuple[float, float]:
    """Median and 99th percentile of the microseconds that one row takes, each row seen for the first time."""
    rows = table.slice(0, ROWS_ALONE).to_pylist()
    model.score_one(rows[0])
    taken = sorted(seconds(partial(model.score_one, row)) * 1e6 for row in rows)
    return statistics.median(taken), taken[int(0.99 * len(taken))]


def work(fitted: FittedModel, typed: pa.Table, texts: pa.Table) -> dict[str, Callable[[], object]]:
    """What is timed, on the same rows; the first is what the others are compared with."""
    frame = encode(typed, fitted.columns)
    return {
        "LightGBM's `predict`, features ready": lambda: lightgbm_alone(fitted.algorithm, frame),
        "ours, features ready: all contributions": lambda: fitted.explain(frame),
        "ours, typed table to scores, no reasons": lambda: list(score_in_batches(fitted, typed, reasons=0)),
        "**ours, typed table to scores, three reasons**": lambda: list(score_in_batches(fitted, typed)),
        "ours, table of texts to scores, three reasons": lambda: list(score_in_batches(fitted, texts)),
    }


def batches(fitted: FittedModel, rows: int) -> list[str]:
    """A line for each way, timed in turn on piece after piece, so that a busy machine slows all alike."""
    taken: dict[str, float] = defaultdict(float)
    for start in range(0, rows, ROWS_AT_ONCE):
        typed = leads(min(ROWS_AT_ONCE, rows - start), seed=2 + start).drop_columns(["Converted"])
        for name, do in work(fitted, typed, as_texts(typed)).items():
            taken[name] += seconds(do)
        print(f"{start + len(typed):,} rows", flush=True)
    reference = next(iter(taken.values()))
    return [f"| {name} | {each:.1f} | {rows / each:,.0f} | {reference / each:.2f} |" for name, each in taken.items()]


def import_seconds() -> float:
    """The median time of `import leadwise` in a new process, by its own clock."""
    script = "import time; a = time.perf_counter(); import leadwise; print(time.perf_counter() - a)"
    runs = [
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        for _ in range(IMPORTS)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def measure(model: leadwise.Model, rows: int) -> list[str]:
    """The lines of the result."""
    fitted, table = model.fitted, leads(ROWS_ALONE, seed=2).drop_columns(["Converted"])
    members = [
        f"{member.name.replace('_', ' ')} {member.weight:.2f}" for member in getattr(fitted.algorithm, "recipe", ())
    ]
    trees = sum(booster.trees.count for booster in boosters(fitted.algorithm))
    sizes = f"{trees:,} trees, {len(fitted.columns)} columns, {len(fitted.features)} features"
    lines = [f"The default winner: {fitted.algorithm.name} ({', '.join(members)}); {sizes}.", ""]
    lines += ["| one row, with three reasons | median | 99 of 100 below |", "| --- | ---: | ---: |"]
    for name, data in (("typed values", table), ("texts", as_texts(table))):
        median, slow = alone(model, data)
        lines.append(f"| {name} | {median:.0f} µs | {slow:.0f} µs |")
    lines += [
        "",
        f"| {rows:,} rows | seconds | rows a second | LightGBM's time / ours |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += batches(fitted, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [*lines, "", f"`import leadwise`: {import_seconds() * 1000:.0f} ms. Most memory of the run: {peak:,.0f} MB."]


def main() -> None:
    """Measure, print, and write where asked."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    chosen = options.parse_args()
    model = leadwise.fit(leads(LEARNT_FROM, seed=1), outcome="Converted", budget=BUDGET_SECONDS, seed=0)
    lines = measure(model, chosen.rows)
    text = "\n".join(["# Speed of scoring", "", *lines, ""])
    print(text)
    if chosen.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
