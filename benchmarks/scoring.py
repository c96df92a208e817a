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
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

import leadwise
from leadwise.domain.frame import Frame
from leadwise.features.encoding import encode
from leadwise.models.algorithm import THREADS, Algorithm
from leadwise.models.boosters import Booster
from leadwise.models.margins import sigmoid
from leadwise.scoring.scorer import ROWS_AT_ONCE, score_in_batches

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


def boosters(algorithm: Algorithm) -> Iterator[Booster]:
    """All trees of an algorithm and of its members."""
    for member in getattr(algorithm, "models", ()):
        yield from boosters(member)
    yield from getattr(algorithm, "boosters", ())
    if hasattr(algorithm, "booster"):
        yield algorithm.booster


def lightgbm_alone(algorithm: Algorithm, frame: Frame) -> None:
    """LightGBM's own `predict` with all trees."""
    for booster in boosters(algorithm):
        for start in range(0, len(frame), ROWS_AT_ONCE):
            booster.trees.predict(frame.values[start : start + ROWS_AT_ONCE], raw_score=True, num_threads=THREADS)


def alone(model: leadwise.Model, table: pa.Table) -> tuple[float, float]:
    """Median and 99th percentile of the microseconds that one row takes, each row seen for the first time."""
    rows = table.slice(0, ROWS_ALONE).to_pylist()
    model.score_one(rows[0])
    taken = sorted(seconds(lambda row=row: model.score_one(row)) * 1e6 for row in rows)
    return statistics.median(taken), taken[int(0.99 * len(taken))]


def drain(pieces: Iterator[pa.Table]) -> None:
    """Take all scores, and keep none."""
    for _ in pieces:
        pass


def import_seconds() -> float:
    """The median time of `import leadwise` in a new process, by its own clock."""
    script = "import time; a = time.perf_counter(); import leadwise; print(time.perf_counter() - a)"
    runs = [
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)  # noqa: S603 - ours
        for _ in range(IMPORTS)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def measure(rows: int) -> list[str]:
    """The lines of the result."""
    learnt = leads(LEARNT_FROM, seed=1)
    model = leadwise.fit(learnt, outcome="Converted", budget=BUDGET_SECONDS, seed=0)
    fitted, table = model.fitted, leads(rows, seed=2).drop_columns(["Converted"])
    members = getattr(fitted.algorithm, "recipe", ())
    named = (
        ", ".join(f"{member.name.replace('_', ' ')} {member.weight:.2f}" for member in members) or fitted.algorithm.name
    )
    trees = sum(booster.trees.num_trees() for booster in boosters(fitted.algorithm))
    print(f"{fitted.algorithm.name} ({named}), {trees:,} trees", flush=True)
    texts = as_texts(table)
    about = f"{trees:,} trees; {len(fitted.columns)} columns, {len(fitted.features)} features"
    lines = [f"The default winner: {fitted.algorithm.name} ({named}); {about}.", ""]
    lines += ["| one row, with three reasons | median | 99 of 100 below |", "| --- | ---: | ---: |"]
    for name, data in (("typed values", table), ("texts", texts)):
        lines.append("| {} | {:.0f} µs | {:.0f} µs |".format(name, *alone(model, data)))
    lines += [
        "",
        f"| {rows:,} rows | seconds | rows a second | rate against LightGBM's |",
        "| --- | ---: | ---: | ---: |",
    ]
    frame = encode(table, fitted.columns)
    work = {
        "LightGBM's `predict`, same trees, features ready": lambda: lightgbm_alone(fitted.algorithm, frame),
        "ours, features ready: calibrated, with all contributions": lambda: explain_all(fitted, frame),
        "ours, typed table to scores without reasons": lambda: drain(score_in_batches(fitted, table, reasons=0)),
        "ours, typed table to scores with three reasons": lambda: drain(score_in_batches(fitted, table)),
        "ours, table of texts to scores with three reasons": lambda: drain(score_in_batches(fitted, texts)),
    }
    reference = None
    for name, do in work.items():
        taken = seconds(do)
        reference = reference or taken
        lines.append(f"| {name} | {taken:.1f} | {rows / taken:,.0f} | {reference / taken:.2f} |")
        print(lines[-1], flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines += [
        "",
        f"`import leadwise`: {import_seconds() * 1000:.0f} ms. Largest memory of the whole run: {peak:,.0f} MB.",
    ]
    return lines


def explain_all(fitted: object, frame: Frame) -> None:
    """Contributions of all rows, piece by piece."""
    for start in range(0, len(frame), ROWS_AT_ONCE):
        fitted.explain(frame.take(slice(start, start + ROWS_AT_ONCE)))


def main() -> None:
    """Measure, print, and write where asked."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    chosen = options.parse_args()
    lines = measure(chosen.rows)
    text = "\n".join(["# Speed of scoring", "", *lines, ""])
    print(text)
    if chosen.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
