"""Quality on later data: ours against named references, on the same rows, in the same run.

uv run --no-default-groups --group bench python benchmarks/quality.py [--budget 60] [--table x-education] [--out FILE]

Tables lie in ../shared/data (or LEADWISE_TEST_DATA). Each is split once: X Education by Lead Number, the newest fifth
tests;
Olist leads of 2018 by first contact, from 2018-04-15 on tests; bank calls at random, stratified, without `duration`.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import peers

from leadwise.training.metrics import conversion_metrics

DATA = Path(os.environ.get("LEADWISE_TEST_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
SNAPSHOTS = [
    "Lead Profile",
    "Last Activity",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
]
"""Columns of X Education that hold the last state, not that of the day of scoring."""


@dataclass(frozen=True)
class Case:
    """Rows to learn from, and rows to score; the outcome is 1 or 0, or an amount. `time` orders both, where known."""

    name: str
    train: pd.DataFrame
    test: pd.DataFrame
    outcome: str
    time: str | None = None


Contestant = Callable[[Case, float], np.ndarray]
"""Fits on a case's older rows within so many seconds; gives probabilities for the later ones."""


def x_education() -> Case:
    rows = pd.read_csv(DATA / "x-education" / "Leads.csv").sort_values("Lead Number").drop(columns=SNAPSHOTS)
    rows = rows.drop(columns=["Tags", "Lead Quality", "Prospect ID"])  # known only after the outcome; an identifier
    cut = round(len(rows) * 0.8)
    return Case("x-education", rows[:cut], rows[cut:], "Converted", "Lead Number")


def olist() -> Case:
    folder = DATA / "olist-funnel"
    leads = pd.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv", parse_dates=["first_contact_date"])
    deals = pd.read_csv(folder / "olist_closed_deals_dataset.csv", parse_dates=["won_date"])[["mql_id", "won_date"]]
    rows = leads.merge(deals, how="left", on="mql_id")
    rows = rows[rows["first_contact_date"] >= "2018-01-01"].sort_values("first_contact_date")
    days = (rows.pop("won_date") - rows["first_contact_date"]).dt.days
    rows = rows.assign(won=days.between(0, 90).astype(int)).drop(columns="mql_id")
    later = rows["first_contact_date"] >= "2018-04-15"
    return Case("olist", rows[~later], rows[later], "won", "first_contact_date")


def bank() -> Case:
    rows = pd.read_csv(DATA / "bank-marketing" / "bank-full.csv", sep=";").drop(columns="duration")
    rows = rows.assign(y=(rows["y"] == "yes").astype(int))
    random = np.random.default_rng(0)
    test = np.concatenate(
        [random.permutation(group)[: round(len(group) * 0.2)] for group in rows.groupby("y").indices.values()]
    )
    chosen = np.isin(np.arange(len(rows)), test)
    return Case("bank", rows[~chosen], rows[chosen], "y")


def ours(case: Case, budget: float) -> np.ndarray:
    import leadwise

    model = leadwise.fit(case.train, outcome=case.outcome, time=case.time, budget=budget)
    return np.asarray(model.score(case.test)["probability"])


def as_contestant(peer: Callable[[pd.DataFrame, pd.DataFrame, str, float], np.ndarray]) -> Contestant:
    return lambda case, budget: peer(case.train, case.test, case.outcome, budget)


CASES: dict[str, Callable[[], Case]] = {"x-education": x_education, "olist": olist, "bank": bank}
CONTESTANTS: dict[str, Contestant] = {
    "leadwise": ours,
    "AutoGluon": as_contestant(peers.autogluon),
    "FLAML": as_contestant(peers.flaml),
    "H2O AutoML": as_contestant(peers.h2o),
    "explainable boosting": as_contestant(peers.explainable_boosting),
    "CatBoost defaults": as_contestant(peers.catboost_defaults),
    "LightGBM defaults": as_contestant(peers.lightgbm_defaults),
    "base rate": as_contestant(peers.base_rate),
}


def predict(table: str, name: str, budget: float) -> tuple[np.ndarray, float]:
    """Probabilities of the later rows, and the seconds it took to learn and to predict."""
    case = CASES[table]()
    started = time.perf_counter()
    probability = CONTESTANTS[name](case, budget)
    return probability, time.perf_counter() - started


def measure(case: Case, name: str, budget: float) -> dict[str, object]:
    """One line of the table; each contestant has a process of its own, so none slows the next."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        probability, seconds = pool.submit(predict, case.name, name, budget).result()
    truth = case.test[case.outcome].to_numpy(dtype=float)
    metrics = conversion_metrics(truth, probability, 0.5, seed=None)
    return {
        "table": case.name,
        "contestant": name,
        "log loss": metrics.log_loss,
        "AUC": metrics.roc_auc,
        "ECE": metrics.expected_calibration_error,
        "lift at 10%": metrics.lift_at_10,
        "lift at 20%": metrics.lift_at_20,
        "seconds": round(seconds, 1),
    }


def report(found: pd.DataFrame, budget: float) -> str:
    ranks = found.assign(rank=found.groupby("table")["log loss"].rank())
    mean_rank = ranks.groupby("contestant")["rank"].mean().sort_values()
    lines = [f"Later data, budget {budget:g} s, 2 cores.", "", "| " + " | ".join(found.columns) + " |"]
    lines.append("|" + "---|" * len(found.columns))
    for row in found.itertuples(index=False):
        cells = [f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "Mean rank by log loss: " + ", ".join(f"{name} {rank:.2f}" for name, rank in mean_rank.items()) + "."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--table", action="append", choices=list(CASES))
    parser.add_argument("--contestant", action="append", choices=list(CONTESTANTS))
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    lines = []
    for table in chosen.table or CASES:
        for name in chosen.contestant or CONTESTANTS:
            lines.append(measure(CASES[table](), name, chosen.budget))
            print(lines[-1], flush=True)
    found = pd.DataFrame(lines)
    text = report(found, chosen.budget)
    print(text)
    if chosen.out:
        chosen.out.write_text(text)


if __name__ == "__main__":
    main()
