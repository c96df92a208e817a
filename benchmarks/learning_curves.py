"""Learning curves: log loss on later leads by how many leads were learnt from, ours against what a user might take.

uv run python benchmarks/learning_curves.py [--table olist] [--size 50] [--contestant leadwise] [--out curves.md]

Each size is drawn several times: where rows have an order, first the newest rows before the test, then random windows
before it; else random rows. All contestants get the same rows and are scored on the same (at most 3,000) test rows.
A contestant that cannot fit a draw (one outcome only) gets the base rate for it. Results are added to --raw, and what
stands there is not measured again.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import peers
import quality

from leadwise.training.metrics import log_loss

DRAWS = {20: 8, 50: 6, 100: 5, 200: 4, 500: 3, 1_000: 2, 5_000: 1}
TEST_ROWS = 3_000
OUR_BUDGET, PEERS_BUDGET = 8.0, 5.0
COLUMNS = ["table", "size", "draw", "contestant", "log loss", "seconds"]


def draw(case: quality.Case, size: int, number: int) -> quality.Case:
    """The case with so many of its older rows; the same for the same number."""
    random = np.random.default_rng([size, number])
    rows = len(case.train)
    if case.time is None:
        chosen = np.sort(random.choice(rows, size, replace=False))
    else:
        end = rows if number == 0 else int(random.integers(max(size, rows // 2), rows + 1))
        chosen = np.arange(end - size, end)
    test = case.test.sample(min(TEST_ROWS, len(case.test)), random_state=0)
    return replace(case, train=case.train.iloc[chosen], test=test)


def base_rate(case: quality.Case) -> np.ndarray:
    """The share that converted, with half a lead of either outcome added: it is never 0 or 1 (Jeffreys)."""
    return np.full(len(case.test), (case.train[case.outcome].sum() + 0.5) / (len(case.train) + 1))


def ours(case: quality.Case, algorithms: tuple[str, ...] = ()) -> np.ndarray:
    import leadwise

    model = leadwise.fit(case.train, outcome=case.outcome, time=case.time, budget=OUR_BUDGET, algorithms=algorithms)
    return np.asarray(model.score(case.test)["probability"])


def logistic_regression(case: quality.Case) -> np.ndarray:
    """scikit-learn's defaults behind the usual preprocessing, without the time: a line through it leads astray."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    known = [name for name in case.train.columns if name != case.time]
    older, later = peers.features(case.train[known], case.test[known], case.outcome)
    texts = list(older.select_dtypes("category").columns)
    numbers = [name for name in older.columns if name not in texts]
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), texts),
    )
    older, later = (frame.assign(**{name: frame[name].astype(str) for name in texts}) for frame in (older, later))
    model = make_pipeline(prepare, LogisticRegression(max_iter=1_000)).fit(older, case.train[case.outcome])
    return np.asarray(model.predict_proba(later)[:, 1])


def as_contestant(peer: Callable[..., np.ndarray]) -> Callable[[quality.Case], np.ndarray]:
    return lambda case: peer(case.train, case.test, case.outcome, PEERS_BUDGET)


CONTESTANTS: dict[str, Callable[[quality.Case], np.ndarray]] = {
    "leadwise": ours,
    "base rate": base_rate,
    "rules": lambda case: ours(case, ("heuristic",)),
    "logistic regression": logistic_regression,
    "LightGBM defaults": as_contestant(peers.lightgbm_defaults),
    "CatBoost defaults": as_contestant(peers.catboost_defaults),
    "explainable boosting": as_contestant(peers.explainable_boosting),
    "FLAML": as_contestant(peers.flaml),
    "AutoGluon": as_contestant(peers.autogluon),
}


def measure(case: quality.Case, size: int, number: int, name: str) -> list[object]:
    drawn = draw(case, size, number)
    truth = drawn.test[case.outcome].to_numpy(dtype=float)
    started = time.perf_counter()
    try:
        probability = CONTESTANTS[name](drawn)
    except Exception as error:  # whatever a peer throws
        if name in {"leadwise", "rules", "base rate"}:
            raise
        print(f"{name} on {size} rows of {case.name}: {error!r:.200}", flush=True)
        probability = base_rate(drawn)
    seconds = time.perf_counter() - started
    return [case.name, size, number, name, log_loss(truth, probability), round(seconds, 2)]


def report(found: pd.DataFrame) -> str:
    """A table for each case: sizes down, contestants across; then where we lose."""
    shared = found.groupby(["table", "size", "draw"])["contestant"].transform("nunique")
    most = found.groupby(["table", "size"])["contestant"].transform("nunique")
    found = found[shared == most]
    mean = found.pivot_table(index=["table", "size"], columns="contestant", values="log loss", aggfunc="mean")
    mean = mean[[name for name in CONTESTANTS if name in mean]]
    lines = [
        "Log loss on later leads by the number of leads learnt from; the mean over several draws, the same for all.",
        f"leadwise with a budget of {OUR_BUDGET:g} s, peers that know one {PEERS_BUDGET:g}, 2 cores; -: not measured.",
        "Logistic regression is given the table without its time, which it would otherwise draw a line through.",
    ]
    for table, rows in mean.groupby(level="table", sort=False):
        lines += [
            "",
            f"**{table}**",
            "",
            "| leads | " + " | ".join(rows.columns) + " |",
            "|" + "---|" * (len(rows.columns) + 1),
        ]
        for (_, size), losses in rows.iterrows():
            cells = [f"**{loss:.4f}**" if loss == losses.min() else f"{loss:.4f}" for loss in losses.dropna()]
            cells += ["-"] * (len(losses) - len(cells))
            lines.append(f"| {size:,} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {sentence}" for sentence in losses_of_ours(mean))]
    return "\n".join(lines) + "\n"


def losses_of_ours(mean: pd.DataFrame) -> list[str]:
    """Every place where another contestant has a lower log loss."""
    found = []
    for (table, size), row in mean.iterrows():
        better = [f"{name} ({row['leadwise'] - loss:+.4f})" for name, loss in row.items() if loss < row["leadwise"]]
        if better:
            found.append(f"{table}, {size:,} leads: leadwise is behind {', '.join(better)}.")
    return found or ["leadwise is ahead everywhere."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="append", choices=list(quality.CASES))
    parser.add_argument("--size", action="append", type=int, choices=list(DRAWS))
    parser.add_argument("--contestant", action="append", choices=list(CONTESTANTS))
    parser.add_argument("--draws", type=int, default=max(DRAWS.values()), help="at most so many of each size")
    parser.add_argument("--raw", type=Path, default=Path("learning_curves.csv"))
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    known = pd.read_csv(chosen.raw) if chosen.raw.exists() else pd.DataFrame(columns=COLUMNS)
    measured = set(known[COLUMNS[:4]].itertuples(index=False, name=None))
    for table in chosen.table or quality.CASES:
        case = quality.CASES[table]()
        for size in chosen.size or DRAWS:
            if size > len(case.train):
                continue
            for number in range(min(DRAWS[size], chosen.draws)):
                for name in chosen.contestant or CONTESTANTS:
                    if (table, size, number, name) not in measured:
                        row = pd.DataFrame([measure(case, size, number, name)], columns=COLUMNS)
                        row.to_csv(chosen.raw, mode="a", header=not chosen.raw.exists(), index=False)
    text = report(pd.read_csv(chosen.raw))
    print(text)
    if chosen.out:
        chosen.out.write_text(text)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(peers.CORES))
    warnings.simplefilter("ignore")
    main()
