"""Every algorithm on the same folds: what it says of rows that it was not fitted on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats, Frame
from leadwise.models.algorithm import Algorithm, Group, side_by_side
from leadwise.models.margins import sigmoid
from leadwise.training.drift import Memory
from leadwise.training.metrics import log_loss
from leadwise.training.scaling_choice import A_LINE, choose_scaling, explain_choice
from leadwise.training.scalings import AS_IS, Scaling
from leadwise.training.splits import Rows, Split

Report = Callable[[str], None]


@dataclass(frozen=True)
class Contender:
    """One algorithm's validation.

    Args:
        name: Its name.
        model: Fitted on all training rows.
        margins: For the rows of all folds' validation parts, in the folds' order: not fitted on them, and calibrated
            by what the other folds say.
        targets: Of the same rows.
        scaling: What calibrates `model`'s margins; leaves amounts as they are.
        loss: Log loss in nats, or mean squared error, of `margins`: the lowest wins.
        fit_seconds: Of all its fits together.
        raw: By fold, the same margins as the model gives them; empty for amounts, which nothing calibrates.
        calibration_note: Why it is calibrated as it is, in a sentence.
    """

    name: str
    model: Algorithm
    margins: Floats
    targets: Floats
    scaling: Scaling
    loss: float
    fit_seconds: float
    raw: tuple[Floats, ...] = ()
    calibration_note: str = ""


def validate(  # noqa: PLR0913 - what is fitted, and on what; the rest by keyword
    name: str,
    algorithm: Algorithm,
    frame: Frame,
    target: Floats,
    split: Split,
    *,
    seed: int,
    report: Report,
    group: Group | None = None,
    memory: Memory | None = None,
) -> Contender:
    """The algorithm, fitted on each fold and then on all training rows.

    Args:
        name: What to call it.
        algorithm: What is fitted anew each time, with its settings.
        frame: All rows' features.
        target: All rows' targets.
        split: Which rows are for what.
        seed: For everything left to chance.
        report: Hears what begins now; may raise OutOfTimeError.
        group: All rows' labels: those of one lead have the same; None: each row is a lead of its own.
        memory: How much older rows count; None: all the same.
    """
    words = name.replace("_", " ")
    spent: list[float] = []

    def fit(rows: Rows, part: str) -> Algorithm:
        report(f"fitting {words}, {part}")
        started = time.perf_counter()
        labels = group[rows] if group is not None else None
        weight = memory.weights(len(rows)) if memory is not None else None
        model = algorithm.unfitted().fit(frame.take(rows), target[rows], seed=seed, group=labels, weight=weight)
        spent.append(time.perf_counter() - started)
        return model

    jobs = [partial(fit, split.train, "all training rows")] + [
        partial(fit, fold.train, f"fold {number} of {len(split.folds)}")
        for number, fold in enumerate(split.folds, start=1)
    ]
    model, *of_folds = side_by_side(jobs, frame.values)
    margins = [each.predict(frame.take(fold.validation)) for each, fold in zip(of_folds, split.folds, strict=True)]
    targets = [target[fold.validation] for fold in split.folds]
    if not split.folds:  # too few rows to hold any back
        margins, targets = [model.predict(frame.take(split.train))], [target[split.train]]
    return _contend(name, algorithm.task, model, margins, targets, sum(spent), ordered=split.ordered)


def _contend(
    name: str,
    task: Task,
    model: Algorithm,
    margins: list[Floats],
    targets: list[Floats],
    fit_seconds: float,
    *,
    ordered: bool,
) -> Contender:
    truth = np.concatenate(targets)
    raw = np.concatenate(margins)
    if task is Task.VALUE:
        loss = float(np.mean((raw - truth) ** 2))
        return Contender(name, model, raw, truth, AS_IS, loss, fit_seconds)
    choice = choose_scaling(margins, targets, ordered=ordered, methods=A_LINE)
    loss = log_loss(truth, sigmoid(choice.margins))
    return Contender(name, model, choice.margins, truth, choice.scaling, loss, fit_seconds, tuple(margins))


def winner(contenders: Sequence[Contender]) -> Contender:
    """The one with the lowest validation loss."""
    return min(contenders, key=lambda contender: (contender.loss, contender.name))


def calibrate(contender: Contender, *, ordered: bool) -> Contender:
    """The contender, calibrated by the best of all methods and not only by a line, as competitors are."""
    if not contender.raw:
        return contender
    ends = np.cumsum([len(fold) for fold in contender.raw])
    choice = choose_scaling(contender.raw, np.split(contender.targets, ends[:-1]), ordered=ordered)
    loss = log_loss(contender.targets, sigmoid(choice.margins))
    note = explain_choice(choice)
    return replace(contender, margins=choice.margins, scaling=choice.scaling, loss=loss, calibration_note=note)
