"""Which calibration holds on later leads: every method on every algorithm's margins, over windows of several tables.

uv run python benchmarks/calibration.py [--out docs/results/calibration.md]

Each table's oldest 60, 80 and 100% are a window in time order: the newest fifth of it tests. Once more each whole table
is split at random. Scalings are learnt from the folds of the rest, as in `fit`, and applied to the test's margins.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import quality
import recalibration

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats
from leadwise.features.encoding import encode
from leadwise.models.catalogue import get_algorithm
from leadwise.models.margins import sigmoid
from leadwise.training.metrics import log_loss
from leadwise.training.options import FitOptions
from leadwise.training.preparation import prepare
from leadwise.training.scaling_choice import A_LINE, METHODS, choose_scaling, fit_scaling
from leadwise.training.scaling_fits import fit_platt, fit_shift
from leadwise.training.scalings import Scaling
from leadwise.training.splits import Split, split_at_random, split_in_order
from leadwise.training.validation import Contender, validate

ALGORITHMS = ("heuristic", "logistic_regression", "gradient_boosting", "random_forest", "neural_network")
WINDOWS = (0.6, 0.8, 1.0)


def tables() -> Iterator[tuple[str, pa.Table, FitOptions]]:
    for case in (recalibration.x_education(), recalibration.bank()):
        yield case.name, pa.Table.from_pandas(case.rows, preserve_index=False), FitOptions(case.outcome, ordered=True)
    leads = quality.olist()
    rows = pd.concat([leads.train, leads.test]).astype({"first_contact_date": str})
    yield leads.name, pa.Table.from_pandas(rows, preserve_index=False), FitOptions(leads.outcome, ordered=True)


def contenders(table: pa.Table, options: FitOptions, *, ordered: bool) -> Iterator[tuple[Contender, Floats, Floats]]:
    """Each algorithm's contender, with its own margins for the test rows and what became of them."""
    prepared = prepare(table, options)
    frame, target = encode(table, prepared.columns), prepared.target.values  # noqa: PD011 - not of pandas
    rows = np.arange(len(target))
    split: Split = split_in_order(rows) if ordered else split_at_random(target, stratify=True, seed=0)
    for name in ALGORITHMS:
        algorithm = get_algorithm(name, Task.CONVERSION)(Task.CONVERSION)
        found = validate(name, algorithm, frame, target, split, seed=0, report=lambda _: None)
        yield found, found.model.predict(frame.take(split.test)), target[split.test]


def scalings(raw: Sequence[Floats], targets: Sequence[Floats], *, ordered: bool) -> dict[str, Scaling]:
    """By way, what is learnt from the folds."""
    found = {
        f"always {method.title}": fit_scaling(method, raw, targets, ordered=ordered) for method in METHODS.values()
    }
    if ordered:
        found["a line that learns the folds' rate"] = fit_platt(np.concatenate(raw), np.concatenate(targets))
        found["the newest fold's rate"] = fit_shift(raw[-1], targets[-1])
    found["a line where it helps"] = choose_scaling(raw, targets, ordered=ordered, methods=A_LINE).scaling
    return {**found, "chosen": choose_scaling(raw, targets, ordered=ordered).scaling}


def measure() -> dict[tuple[str, str, str], list[float]]:
    """Change of the test's log loss against margins as they are, by split, by who learnt and by way."""
    changes: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for name, table, options in tables():
        for share, ordered in [*((share, True) for share in WINDOWS), (1.0, False)]:
            window = table.slice(0, round(share * table.num_rows))
            for contender, margin, target in contenders(window, options, ordered=ordered):
                ends = np.cumsum([len(fold) for fold in contender.raw])
                targets = np.split(contender.targets, ends[:-1])
                plain = log_loss(target, sigmoid(margin))
                for way, scaling in scalings(contender.raw, targets, ordered=ordered).items():
                    who = "rules" if contender.name == "heuristic" else "learnt"
                    change = log_loss(target, sigmoid(scaling.apply(margin))) - plain
                    changes["in time order" if ordered else "at random", who, way].append(change)
            print(name, share, "ordered" if ordered else "random", flush=True)
    return changes


def report(changes: dict[tuple[str, str, str], list[float]]) -> str:
    lines = ["Log loss of the test against that of margins as they are; lower is better.", ""]
    lines += ["| split | model | calibration | mean | median | worst | best | fits |", "|" + "---|" * 8]
    for (split, who, way), found in sorted(changes.items()):
        figures = (np.mean(found), np.median(found), max(found), min(found))
        lines.append(
            f"| {split} | {who} | {way} | " + " | ".join(f"{each:+.4f}" for each in figures) + f" | {len(found)} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="Where the table goes besides standard output.")
    out = parser.parse_args().out
    text = report(measure())
    print(text)
    if out:
        out.write_text(text)


if __name__ == "__main__":
    main()
