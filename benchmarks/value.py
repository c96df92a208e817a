"""Amounts on rows that nobody has seen: ours against LightGBM's defaults and the mean, on the same rows, in one run.

uv run python benchmarks/value.py [--budget 60] [--table cdnow] [--out docs/results/value.md]

Tables lie in ../shared/data (or LEADWISE_TEST_DATA). CDNOW: spend in weeks 40 to 78 from what customers did in weeks 1
to 39, a random fifth tests. Olist: sales of won sellers in their first 90 days, by the day they were won, the newest
fifth tests. Seattle: prices of home sales, the newest fifth tests.

LightGBM's 80% intervals are its defaults with the quantile objective at 0.1 and 0.9.
"""

import argparse
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from quality import DATA, Case

import leadwise
from leadwise.training.metrics import value_metrics

UNTIL = pd.Timestamp("1997-09-30")
HEAD = ("table", "rows", "zero", "contestant", "RMSE", "MAE", "Spearman", "80% interval holds", "mean width", "seconds")


def cdnow() -> Case:
    lines = (DATA / "cdnow" / "CDNOW_master.txt").read_text().splitlines()[1:]
    bought = pd.DataFrame([line.split() for line in lines], columns=["customer", "date", "discs", "dollars"])
    bought = bought.assign(date=pd.to_datetime(bought["date"]), dollars=bought["dollars"].astype(float))
    bought["discs"] = bought["discs"].astype(int)
    before, after = bought[bought["date"] <= UNTIL], bought[bought["date"] > UNTIL]
    seen = before.groupby("customer")
    rows = pd.DataFrame(
        {
            "purchases": seen.size(),
            "days": seen["date"].nunique(),
            "days since first": (UNTIL - seen["date"].min()).dt.days,
            "days since last": (UNTIL - seen["date"].max()).dt.days,
            "spent": seen["dollars"].sum(),
            "spent at a time": seen["dollars"].mean(),
            "most at a time": seen["dollars"].max(),
            "spent in the last 90 days": before[before["date"] > UNTIL - pd.Timedelta(days=90)]
            .groupby("customer")["dollars"]
            .sum(),
            "discs": seen["discs"].sum(),
            "spent later": after.groupby("customer")["dollars"].sum(),
        }
    )
    rows[["spent later", "spent in the last 90 days"]] = rows[["spent later", "spent in the last 90 days"]].fillna(0.0)
    rows = rows[rows["purchases"].notna()]
    test = np.random.default_rng(0).random(len(rows)) < 0.2
    return Case("cdnow", rows[~test], rows[test], "spent later")


def olist() -> Case:
    folder = DATA / "olist-funnel"
    deals = pd.read_csv(folder / "olist_closed_deals_dataset.csv").drop(columns=["won_date", "seller_id"])
    sales = pd.read_csv(folder / "seller_90d_gmv.csv", parse_dates=["won_date", "first_contact_date"])
    sales = sales[["mql_id", "origin", "first_contact_date", "won_date", "days_to_win", "gmv_90d_brl"]]
    rows = sales.merge(deals, on="mql_id").drop(columns="mql_id").sort_values("won_date")
    cut = round(len(rows) * 0.8)
    return Case("olist", rows[:cut], rows[cut:], "gmv_90d_brl", "won_date")


def seattle() -> Case:
    rows = pd.read_parquet(DATA / "seattle-home-sales" / "seattle_sales.parquet").drop(columns=["pinx", "sale_id"])
    rows = rows.sort_values("sale_date", kind="stable")
    cut = round(len(rows) * 0.8)
    return Case("seattle", rows[:cut], rows[cut:], "sale_price", "sale_date")


CASES = {"cdnow": cdnow, "olist": olist, "seattle": seattle}


def ours(case: Case, budget: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    model = leadwise.fit(case.train, outcome=case.outcome, value=True, time=case.time, budget=budget)
    scores = model.score(case.test)
    tried = [f"{trial.settings['loss']} {trial.loss:,.0f}" for trial in model.card.search]
    name = f"leadwise ({model.card.algorithm.replace('_', ' ')}; boosting's loss: {', '.join(tried) or 'usual'})"
    return scores["value"].to_numpy(), scores["value_low"].to_numpy(), scores["value_high"].to_numpy(), name


def lightgbm_defaults(case: Case, budget: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    del budget  # its defaults know of none
    frame = pd.concat([case.train, case.test]).drop(columns=case.outcome)
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = (frame[name] - pd.Timestamp("1970-01-01")).dt.days
        elif not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype("category")
    older, later = frame[: len(case.train)], frame[len(case.train) :]
    kinds = [{}, {"objective": "quantile", "alpha": 0.1}, {"objective": "quantile", "alpha": 0.9}]
    models = [lightgbm.LGBMRegressor(n_jobs=2, verbosity=-1, **kind) for kind in kinds]
    value, low, high = (model.fit(older, case.train[case.outcome]).predict(later) for model in models)
    return value, low, high, "LightGBM defaults"


def the_mean(case: Case, budget: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    del budget
    known = case.train[case.outcome]
    value, low, high = (np.full(len(case.test), end) for end in (known.mean(), *known.quantile([0.1, 0.9])))
    return value, low, high, "the mean"


def measure(case: Case, budget: float) -> list[str]:
    actual = case.test[case.outcome].to_numpy(dtype=np.float64)
    lines = []
    for contestant in (ours, lightgbm_defaults, the_mean):
        started = time.perf_counter()
        value, low, high, name = contestant(case, budget)
        seconds = time.perf_counter() - started
        found = value_metrics(actual, value, low, high, seed=0)
        least, most = found.intervals["interval_coverage"]
        rank = "" if found.rank_correlation is None else f"{found.rank_correlation:.3f}"
        cells = [case.name, f"{len(case.train):,} + {len(case.test):,}", f"{np.mean(actual == 0):.0%}", name]
        cells += [f"{found.rmse:,.2f}", f"{found.mae:,.2f}", rank]
        cells += [f"{found.interval_coverage:.1%} ({least:.1%} to {most:.1%})", f"{np.mean(high - low):,.2f}"]
        lines.append("| " + " | ".join([*cells, f"{seconds:.1f}"]) + " |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=60.0, help="Seconds that ours may take for each table.")
    parser.add_argument("--table", action="append", choices=CASES, help="May be repeated; all by default.")
    parser.add_argument("--out", type=Path, help="Where the table goes besides standard output.")
    chosen = parser.parse_args()
    rows = [line for name in chosen.table or CASES for line in measure(CASES[name](), chosen.budget)]
    head = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    intro = "Amounts of rows that no fit has seen; 95% bootstrap intervals of coverage in brackets. Rows: fit + test."
    if chosen.out:
        chosen.out.write_text("\n".join([intro, "", *head, *rows]) + "\n")


if __name__ == "__main__":
    main()
