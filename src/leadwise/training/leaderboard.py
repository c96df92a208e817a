"""The leaderboard: each contender's validation and test result, the winner first."""

from collections.abc import Sequence

import numpy as np

from leadwise.domain.card import ConversionMetrics, LeaderboardRow, Metrics, Task
from leadwise.domain.frame import Floats
from leadwise.models.margins import sigmoid
from leadwise.training.intervals import fit_intervals
from leadwise.training.material import Material
from leadwise.training.metrics import best_threshold, conversion_metrics, value_metrics
from leadwise.training.validation import Contender

UNMEASURED = ConversionMetrics(rows=0)
"""What is known of a model before the first outcome."""


def leaderboard(contenders: Sequence[Contender], material: Material, seed: int) -> tuple[LeaderboardRow, ...]:
    """A row for each contender, lowest validation loss first; the first is chosen.

    Args:
        contenders: At least one.
        material: What they learnt from, and are tested on.
        seed: For the intervals.
    """
    ranked = sorted(contenders, key=lambda contender: (contender.loss, contender.name))
    return tuple(
        _row(contender, material.task, measure(contender, material, seed), chosen=place == 0)
        for place, contender in enumerate(ranked)
    )


def winner(contenders: Sequence[Contender]) -> Contender:
    """The one with the lowest validation loss."""
    return min(contenders, key=lambda contender: (contender.loss, contender.name))


def measure(contender: Contender, material: Material, seed: int) -> Metrics:
    """The contender's metrics on the test rows."""
    target = material.target[material.split.test]
    return _metrics(contender, material.task, target, material.test_margins(contender), seed)


def _metrics(contender: Contender, task: Task, target: Floats, margins: Floats, seed: int | None) -> Metrics:
    if task is Task.CONVERSION:
        if np.isnan(target).any():  # no outcome is known at all
            return UNMEASURED
        threshold = best_threshold(contender.targets, sigmoid(contender.margins))
        return conversion_metrics(target, sigmoid(margins), threshold, seed=seed)
    low, high = fit_intervals(contender.margins, contender.targets).around(margins)
    return value_metrics(target, margins, low, high, seed=seed)


def _row(contender: Contender, task: Task, test: Metrics, *, chosen: bool) -> LeaderboardRow:
    validation = _metrics(contender, task, contender.targets, contender.margins, seed=None)
    return LeaderboardRow.model_validate(
        {
            "algorithm": contender.name,
            "chosen": chosen,
            **validation.model_dump(),
            "fit_seconds": round(contender.fit_seconds, 3),
            "test": test,
        }
    )
