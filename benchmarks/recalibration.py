"""A rate that moves after fitting: a model as it was fitted, recalibrated once and again and again, and fitted anew.

uv run python benchmarks/recalibration.py [--budget 45] [--out docs/results/recalibration.md]

Tables lie in ../shared/data (or LEADWISE_TEST_DATA), oldest rows first: bank calls in the order of the file, X
Education by Lead Number, as it is and with most later conversions left out. The first half is fitted on; the second is
cut into five blocks. Outcomes of the first block are known before the second is scored, and so on; the second to fifth
are scored and measured.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from quality import DATA, SNAPSHOTS

import leadwise
from leadwise.training.metrics import conversion_metrics

BLOCKS = 5
UNKNOWN_IN_TIME = ["Tags", "Lead Quality", *SNAPSHOTS]
"""Filled during or after contact, or the state of a later day."""


@dataclass(frozen=True)
class Case:
    """Rows, oldest first, and how to fit on some of them."""

    name: str
    rows: pd.DataFrame
    outcome: str
    options: dict[str, Any]
    half: int

    def fit(self, rows: pd.DataFrame, budget: float) -> leadwise.Model:
        return leadwise.fit(rows, outcome=self.outcome, budget=budget, **self.options)


def bank() -> Case:
    rows = pd.read_csv(DATA / "bank-marketing" / "bank-full.csv", sep=";").drop(columns="duration")
    return Case("bank", rows.assign(y=(rows["y"] == "yes").astype(int)), "y", {"ordered": True}, len(rows) // 2)


def x_education() -> Case:
    rows = pd.read_csv(DATA / "x-education" / "Leads.csv").sort_values("Lead Number")
    rows = rows.drop(columns=UNKNOWN_IN_TIME)
    return Case("x-education", rows, "Converted", {"time": "Lead Number"}, len(rows) // 2)


def thinned() -> Case:
    """X Education with two of three conversions of the second half left out: a rate that falls for one known reason."""
    whole = x_education()
    later = np.arange(len(whole.rows)) >= whole.half
    won = whole.rows[whole.outcome].to_numpy() == 1
    left_out = later & won & (np.random.default_rng(0).random(len(whole.rows)) < 2 / 3)
    return Case("x-education, thinned", whole.rows[~left_out], whole.outcome, whole.options, whole.half)


def ways(case: Case, known: pd.DataFrame, blocks: list[pd.DataFrame], budget: float) -> dict[str, list[leadwise.Model]]:
    """By way, the model that scores each block from the second on."""
    model = case.fit(known, budget)
    moving = [model]
    for block in blocks[:-1]:
        moving.append(moving[-1].recalibrate(block, outcome=case.outcome))
    later = len(blocks) - 1
    return {
        "as fitted": [model] * later,
        "recalibrated on the first block": [moving[1]] * later,
        "recalibrated after each block": moving[1:],
        "fitted anew with the first block": [case.fit(pd.concat([known, blocks[0]]), budget)] * later,
    }


def measure(case: Case, budget: float) -> Iterator[dict[str, object]]:
    known, later = case.rows[: case.half], case.rows[case.half :]
    blocks = [later.iloc[part] for part in np.array_split(np.arange(len(later)), BLOCKS)]
    truth = pd.concat(blocks[1:])[case.outcome].to_numpy(dtype=float)
    for name, models in ways(case, known, blocks, budget).items():
        scores = [model.score(block)["probability"] for model, block in zip(models, blocks[1:], strict=True)]
        probability = pd.concat(scores).to_numpy()
        metrics = conversion_metrics(truth, probability, 0.5, seed=None)
        yield {
            "table": case.name,
            "model": name,
            "log loss": f"{metrics.log_loss:.4f}",
            "ECE": f"{metrics.expected_calibration_error:.4f}",
            "AUC": f"{metrics.roc_auc:.4f}",
            "expected": f"{probability.sum():,.0f}",
            "happened": f"{truth.sum():,.0f}",
            "rows": f"{len(truth):,}",
        }


def report(found: list[dict[str, object]], budget: float) -> str:
    head = list(found[0])
    lines = [f"Rows later than those learnt from, budget {budget:g} s, 2 cores.", ""]
    lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(row[name]) for name in head) + " |" for row in found]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=45.0)
    parser.add_argument("--out", type=Path, help="Where the table goes besides standard output.")
    chosen = parser.parse_args()
    text = report(
        [row for case in (x_education(), thinned(), bank()) for row in measure(case, chosen.budget)], chosen.budget
    )
    print(text)
    if chosen.out:
        chosen.out.write_text(text)


if __name__ == "__main__":
    main()
