"""The leaderboard: each contender's validation and test result, the winner first."""

from collections.abc import Sequence

from leadwise.domain.card import LeaderboardRow, Metrics, Task
from leadwise.domain.frame import Floats, Frame
from leadwise.models.margins import sigmoid
from leadwise.training.intervals import fit_intervals
from leadwise.training.metrics import best_threshold, conversion_metrics, value_metrics
from leadwise.training.validation import Contender


def leaderboard(
    contenders: Sequence[Contender], task: Task, test: Frame, target: Floats, seed: int
) -> tuple[LeaderboardRow, ...]:
    """A row for each contender, lowest validation loss first; the first is chosen.

    Args:
        contenders: At least one.
        task: What they predict.
        test: Features of the test rows.
        target: Of the test rows.
        seed: For the intervals.
    """
    ranked = sorted(contenders, key=lambda contender: (contender.loss, contender.name))
    return tuple(
        _row(contender, task, measure(contender, task, test, target, seed), chosen=place == 0)
        for place, contender in enumerate(ranked)
    )


def winner(contenders: Sequence[Contender]) -> Contender:
    """The one with the lowest validation loss."""
    return min(contenders, key=lambda contender: (contender.loss, contender.name))


def measure(contender: Contender, task: Task, test: Frame, target: Floats, seed: int) -> Metrics:
    """The contender's metrics on rows that no choice has looked at."""
    margins = contender.scaling.apply(contender.model.predict(test))
    return _metrics(contender, task, target, margins, seed)


def _metrics(contender: Contender, task: Task, target: Floats, margins: Floats, seed: int | None) -> Metrics:
    if task is Task.CONVERSION:
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
