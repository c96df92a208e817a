"""The leaderboard: each contender's validation and test result, the winner first."""

import numpy as np

from leadwise.domain.card import ConversionMetrics, LeaderboardRow, Metrics, Task
from leadwise.domain.frame import Floats
from leadwise.models.margins import sigmoid
from leadwise.training.intervals import fit_intervals
from leadwise.training.material import Training
from leadwise.training.metrics import best_threshold, conversion_metrics, value_metrics
from leadwise.training.validation import Contender

UNMEASURED = ConversionMetrics(rows=0)
"""What is known of a model before the first outcome."""


def leaderboard(training: Training) -> tuple[LeaderboardRow, ...]:
    """A row for each contender: the one that was chosen, then the others, lowest validation loss first."""
    chosen, *others = training.contenders
    ranked = sorted(others, key=lambda contender: (contender.loss, contender.name))
    return tuple(_row(contender, training) for contender in (chosen, *ranked))


def _metrics(contender: Contender, task: Task, target: Floats, margins: Floats, seed: int | None) -> Metrics:
    if task is Task.CONVERSION:
        if np.isnan(target).any():  # no outcome is known at all
            return UNMEASURED
        threshold = best_threshold(contender.targets, sigmoid(contender.margins))
        return conversion_metrics(target, sigmoid(margins), threshold, seed=seed)
    low, high = fit_intervals(contender.margins, contender.targets).around(margins)
    return value_metrics(target, margins, low, high, seed=seed)


def _row(contender: Contender, training: Training) -> LeaderboardRow:
    task, target, margins = training.material.task, training.test_target, training.test_margins[contender.name]
    validation = _metrics(contender, task, contender.targets, contender.margins, seed=None)
    return LeaderboardRow.model_validate(
        {
            "algorithm": contender.name,
            "chosen": contender is training.best,
            **validation.model_dump(),
            "fit_seconds": round(contender.fit_seconds, 3),
            "test": _metrics(contender, task, target, margins, training.options.seed),
        }
    )
