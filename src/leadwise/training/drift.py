"""How the world moved while leads came in, and what is made of it where time is known.

A quick learner is tried on the same time-ordered folds as everything else: with the trend learnt, with new rows
weighing more, without the columns that moved. What helps it is used for all algorithms.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from leadwise.domain.card import DriftReport, DriftTrial, Task
from leadwise.domain.frame import Floats, Frame
from leadwise.models.algorithm import Group, side_by_side
from leadwise.models.gradient_boosting import GradientBoosting
from leadwise.training.budget import OutOfTimeError, affordable_probe
from leadwise.training.metrics import row_losses
from leadwise.training.options import DEFAULT_BUDGET_SECONDS
from leadwise.training.splits import Fold, Split

HALF_LIVES = (1.0, 0.25, 0.06)
"""After which share of the training rows, counted back from the newest, a row weighs half; each is tried after the one
before it only if that was no loss."""
PROBE_BAGS = 2
MOVED = 0.1
"""From this distance on (0: the same values, 1: no value in common) a column has moved."""
CLEAR = 2.0
"""A column is left out only for a gain of so many standard errors on the newest fold."""
ENOUGH_ROWS, FEWEST_OUTCOMES, FEWEST_FOLDS = 200, 20, 2


@dataclass(frozen=True)
class Memory:
    """How much older rows count.

    Args:
        trend: Whether algorithms learn how things change, and predict as of the newest row.
        half_life: After which share of the rows, counted back from the newest, a row weighs half; None: all the same.
    """

    trend: bool = False
    half_life: float | None = None

    def weights(self, rows: int) -> Floats | None:
        """How much each of so many rows in time order counts, 1 on average.

        >>> Memory(half_life=0.5).weights(3).round(2).tolist()
        [0.59, 0.93, 1.48]
        """
        if self.half_life is None or not rows:
            return None
        age = np.arange(rows)[::-1] / rows
        weight = 0.5 ** (age / self.half_life)
        return np.asarray(weight / weight.mean())


USUAL = Memory(trend=True)
"""The world moves: that it stands still has to be shown."""
CUT_SHORT = (
    "The model learns how things change, and predicts as of the newest leads. The budget ended before it was known "
    "whether anything else does better on later leads; a larger --budget finds out, and makes the result repeatable."
)


@dataclass(frozen=True)
class Drift:
    """What is made of the time that rows have.

    Args:
        memory: What helps on the validation folds: for all that is validated and tested.
        latest: What helps once the test's rows are known too: for the fit on all rows.
        left_out: Columns whose relation to the outcome changed so much that later leads are predicted better without.
        report: What was tried and chosen, for the card; None where time is not known, or rows are too few to tell.
    """

    memory: Memory = Memory()
    latest: Memory = Memory()
    left_out: tuple[str, ...] = ()
    report: DriftReport | None = None


class _Probe:
    """The quick learner's loss, row by row of the validation folds; the last of them may be the test's rows."""

    def __init__(
        self,
        frame: Frame,
        target: Floats,
        split: Split,
        task: Task,
        group: Group | None,
        rows: int,
        seed: int,
        check_time: Callable[[], None],
    ) -> None:
        self._frame, self._target, self._task, self._group = frame, target, task, group
        self._folds = (*split.folds, Fold(split.train, split.test))
        self._rows, self._seed, self._check_time = rows, seed, check_time
        self._known: dict[tuple[Memory, tuple[str, ...], int], Floats] = {}

    def losses(self, memory: Memory, folds: Sequence[int], left_out: tuple[str, ...] = ()) -> list[Floats]:
        """By fold: log loss, or squared error, of each row that was not fitted on."""
        new = [fold for fold in folds if (memory, left_out, fold) not in self._known]
        jobs = [partial(self._loss, memory, left_out, self._folds[fold]) for fold in new]
        for fold, loss in zip(new, side_by_side(jobs, self._frame.values), strict=True):
            self._known[memory, left_out, fold] = loss
        return [self._known[memory, left_out, fold] for fold in folds]

    def _loss(self, memory: Memory, left_out: tuple[str, ...], fold: Fold) -> Floats:
        self._check_time()
        frame = self._frame.select([each.name for each in self._frame.features if each.source not in left_out])
        rows = fold.train[-self._rows :]
        model = GradientBoosting(self._task, {"bags": PROBE_BAGS, "trend": memory.trend}).fit(
            frame.take(rows),
            self._target[rows],
            seed=self._seed,
            group=self._group[rows] if self._group is not None else None,
            weight=memory.weights(len(rows)),
        )
        margin, truth = model.predict(frame.take(fold.validation)), self._target[fold.validation]
        return row_losses(self._task, truth, margin)


def find_drift(  # noqa: PLR0913 - the rows, and by keyword how to look at them
    frame: Frame,
    target: Floats,
    split: Split,
    task: Task,
    *,
    seed: int,
    group: Group | None = None,
    keep: Sequence[str] = (),
    budget_seconds: float = DEFAULT_BUDGET_SECONDS,
    check_time: Callable[[], None] = lambda: None,
) -> Drift:
    """What helps to predict later leads; nothing where time is not known or rows are too few to tell.

    Args:
        frame: All rows' features, in time order.
        target: Their outcomes.
        split: Which rows are for what.
        task: What is predicted.
        seed: For everything left to chance.
        group: A label for each row; rows of one lead have the same.
        keep: Columns that are used whatever is found.
        budget_seconds: Decides on how many rows it is tried, and without how many columns.
        check_time: Called before each fit; may raise OutOfTimeError, and then the usual is done.
    """
    if not _can_tell(frame, target[split.train], split, task):
        return Drift()
    rows, columns = affordable_probe(len(frame.features), budget_seconds)
    folds = range(len(split.folds))
    probe = _Probe(frame, target, split, task, group, rows, seed, check_time)
    try:
        memory, _ = _choose_memory(probe, folds)
        moved = [name for name in _moved_columns(frame, split) if name not in keep]
        left_out = _without(probe, memory, folds[-2:], moved[:columns])
        latest, trials = _choose_memory(probe, range(len(split.folds) + 1))
    except OutOfTimeError:
        return Drift(USUAL, USUAL, report=DriftReport(trend=USUAL.trend, sentence=CUT_SHORT))
    if len(left_out) == len({feature.source for feature in frame.features}):
        left_out = left_out[:-1]
    return Drift(memory, latest, left_out, _report(latest, left_out, trials))


def _can_tell(frame: Frame, target: Floats, split: Split, task: Task) -> bool:
    """Whether there are enough rows in time order."""
    rarer = min(int(np.sum(target == 1)), int(np.sum(target == 0))) if task is Task.CONVERSION else len(target)
    timed = split.ordered and split.held_out and len(split.folds) >= FEWEST_FOLDS
    return timed and bool(frame.features) and len(target) >= ENOUGH_ROWS and rarer >= FEWEST_OUTCOMES


def _choose_memory(probe: _Probe, folds: Sequence[int]) -> tuple[Memory, tuple[DriftTrial, ...]]:
    """The usual memory, or the one with the lowest mean loss if it is clearly better, and no worse on the newest."""
    tried: dict[Memory, list[Floats]] = {}
    for trend in (True, False):
        before = np.inf
        for half_life in (None, *HALF_LIVES):
            memory = Memory(trend, half_life)
            tried[memory] = probe.losses(memory, folds)
            if _mean(tried[memory]) > before:
                break
            before = _mean(tried[memory])
    usual, best = tried[USUAL], min(tried, key=lambda memory: _mean(tried[memory]))
    gain = np.concatenate(usual) - np.concatenate(tried[best])
    is_clear = gain.sum() > np.sqrt(len(gain)) * gain.std() and tried[best][-1].mean() <= usual[-1].mean()
    chosen = best if is_clear else USUAL
    trials = tuple(
        DriftTrial(trend=memory.trend, half_life=memory.half_life, loss=_mean(losses), chosen=memory == chosen)
        for memory, losses in tried.items()
    )
    return chosen, trials


def _without(probe: _Probe, memory: Memory, newest_two: Sequence[int], moved: Sequence[str]) -> tuple[str, ...]:
    """Those of the columns without which the newest fold is predicted clearly better, and the one before no worse."""
    left_out: tuple[str, ...] = ()
    before = probe.losses(memory, newest_two) if moved else []
    for name in moved:
        losses = probe.losses(memory, newest_two, (*left_out, name))
        gain = before[-1] - losses[-1]
        if gain.sum() > CLEAR * np.sqrt(len(gain)) * gain.std() and losses[0].mean() <= before[0].mean():
            left_out, before = (*left_out, name), losses
    return left_out


def _moved_columns(frame: Frame, split: Split) -> list[str]:
    """Columns of which the newest validation rows hold other values than the rows before, the farthest first."""
    newest = split.folds[-1]
    distance: dict[str, float] = {}
    for index, feature in enumerate(frame.features):
        moved = _distance(frame.values[newest.train, index], frame.values[newest.validation, index])
        distance[feature.source] = max(moved, distance.get(feature.source, 0.0))
    return sorted((name for name, moved in distance.items() if moved >= MOVED), key=lambda name: -distance[name])


def _distance(older: Floats, newer: Floats) -> float:
    """The largest difference between the two distribution functions (Kolmogorov-Smirnov); NaN is a value of its own."""
    older, newer = np.nan_to_num(older, nan=-np.inf), np.nan_to_num(newer, nan=-np.inf)
    values = np.unique(np.concatenate([older, newer]))
    below_older = np.searchsorted(np.sort(older), values, side="right") / len(older)
    below_newer = np.searchsorted(np.sort(newer), values, side="right") / len(newer)
    return float(np.abs(below_older - below_newer).max())


def _mean(losses: Sequence[Floats]) -> float:
    """The mean of the folds' means: each period counts the same."""
    return float(np.mean([loss.mean() for loss in losses]))


def _report(memory: Memory, left_out: tuple[str, ...], trials: tuple[DriftTrial, ...]) -> DriftReport:
    does = []
    if memory.trend:
        does.append("learns how things change, and predicts as of the newest leads")
    if memory.half_life is not None:
        does.append(f"lets the newest lead weigh {0.5 ** (-1 / memory.half_life):,.0f} times as much as the oldest")
    if left_out:
        does.append(f"leaves out {', '.join(left_out)}, whose relation to the outcome changed")
    treated = f"The model {'; it '.join(does)}." if does else "Older leads count as much as newer ones."
    reason = (
        "Nothing else did clearly better on later leads."
        if memory == USUAL and not left_out
        else "That did best on later leads."
    )
    return DriftReport(
        trend=memory.trend,
        half_life=memory.half_life,
        left_out=left_out,
        sentence=f"{treated} {reason}",
        trials=trials,
    )
