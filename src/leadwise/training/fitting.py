"""From a table with outcomes to a model that is ready to score."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.card import Task
from leadwise.domain.column import ColumnKind
from leadwise.domain.frame import Floats
from leadwise.domain.progress import Progress, Silence
from leadwise.features.encoding import encode
from leadwise.training.blending import blend
from leadwise.training.budget import Brake, OutOfTimeError, affordable_rows
from leadwise.training.competitors import RULES, Rung, competitors, requested, rung
from leadwise.training.describing import describe
from leadwise.training.drift import find_drift
from leadwise.training.errors import TooFewRowsError
from leadwise.training.fitted_model import FittedModel
from leadwise.training.last_fit import fit_last
from leadwise.training.material import Material, Training
from leadwise.training.options import FitOptions
from leadwise.training.period_splits import split_by_period
from leadwise.training.preparation import PreparedTable, draw, leave_out, prepare
from leadwise.training.prior import ask_prior, check_prior, read_alike
from leadwise.training.purging import Horizons, purge, read_horizons
from leadwise.training.row_order import choose_rows, oldest_first
from leadwise.training.search import DEFAULT_TRIALS, best_of_each, describe_search, plan_trials
from leadwise.training.splits import (
    Split,
    cross_validate_at_random,
    cross_validate_in_order,
    split_at_random,
    split_in_order,
    use_all,
)
from leadwise.training.time_material import check_dates
from leadwise.training.time_to_convert import fit_time_to_convert
from leadwise.training.validation import Contender, calibrate, validate, winner

DRIFTED = "Left out because its relation to the outcome changed: later leads were predicted better without it."
PREPROCESSED_WEIGHT = 2
"""One-hot values, products and logarithms about double what there is to learn from."""
CODE_WEIGHT = 4
"""A code with a thousand levels takes as long as so many other features."""


def fit(
    table: pa.Table, options: FitOptions, progress: Progress | None = None, *, spent_seconds: float = 0.0
) -> FittedModel:
    """The best model of the table that the budget buys; with two dates, one that says when leads convert.

    Algorithms compete on the same folds, by themselves and together; the winner by validation loss is calibrated,
    measured on rows that no choice has looked at, and then fitted once more on all that the budget allows.

    Args:
        table: One row per lead.
        options: What the columns are for, and what may be tried.
        progress: Hears of the steps.
        spent_seconds: What was spent of the budget already, on reading the file.

    Raises:
        ColumnNotFoundError and its kin: if options do not fit the table; all are leadwise errors with a sentence.
    """
    check_dates(options)
    check_prior(options)
    if options.created is not None:
        return fit_time_to_convert(table, options, progress, spent_seconds=spent_seconds)
    progress = progress or Silence()
    brake = Brake(options.budget_seconds, spent_seconds)
    rounds = (options.search_trials or DEFAULT_TRIALS) if options.search else 1
    progress.start(total_steps=3 + 6 * rounds * len(requested(options)))
    progress.step("reading the columns and looking for leaks")
    drawn, passed_over = draw(table, options)
    prepared = prepare(drawn, options)
    if options.prior is not None:
        prepared = read_alike(options.prior, prepared, options)
    material = _gather(prepared, options, brake, file_cells=table.num_rows * table.num_columns)
    prepared = leave_out(prepared, material.drift.left_out, DRIFTED)
    tried, left_out = _compete(competitors(options, material.target), material, options, brake, progress)
    contenders = best_of_each(tried)
    blended = None if options.algorithms else blend(contenders, material.task)
    best = calibrate(blended or winner(contenders), ordered=material.split.ordered)
    contenders = [best, *(each for each in contenders if each.name != best.name)]
    progress.step(f"fitting {best.name.replace('_', ' ')} once more")
    final, about_rows = fit_last(best, prepared, material, options, brake)
    progress.step("writing the model card")
    warnings = (*passed_over, *prepared.warnings, *about_rows, *left_out)
    search = describe_search(tried)
    trained = Training(prepared, options, material, tuple(contenders), final, warnings, brake.elapsed_seconds, search)
    model = describe(trained)
    progress.finish()
    return model


def _gather(prepared: PreparedTable, options: FitOptions, brake: Brake, *, file_cells: int) -> Material:
    """The rows to learn from: as many as the budget allows, the newest where time is known."""
    known = oldest_first(prepared.target.learnable, prepared.time)
    if not len(known):
        raise TooFewRowsError
    features = sum(CODE_WEIGHT if column.kind is ColumnKind.CODE else len(column.parts) for column in prepared.columns)
    features *= PREPROCESSED_WEIGHT if options.preprocessing else 1
    limit = affordable_rows(features, options.budget_seconds, file_cells=file_cells)
    timed = prepared.time is not None
    rows = choose_rows(known, limit, timed=timed and options.newest_first, seed=options.seed)
    target = prepared.target.values[rows]
    task = prepared.target.task
    step = rung(task, target)
    group = prepared.group[rows] if prepared.group is not None else None
    horizons = _horizons(prepared.table.take(rows), options)
    if horizons is not None and group is not None and step is Rung.ENOUGH and options.by_period:
        split = split_by_period(horizons.as_of, group, seed=options.seed) or _split(
            task, target, group, step, timed=False, seed=options.seed
        )
    else:
        split = _split(task, target, group, step, timed=timed and options.newest_first, seed=options.seed)
    split = purge(split, horizons, target) if horizons is not None else split
    frame = encode(prepared.table.take(rows), prepared.columns)
    drift = find_drift(
        frame,
        target,
        split,
        task,
        seed=options.seed,
        group=group,
        keep=options.keep,
        budget_seconds=options.budget_seconds,
        check_time=brake.check_drift,
    )
    frame = frame.select([feature.name for feature in frame.features if feature.source not in drift.left_out])
    prior = ask_prior(options.prior, frame.features) if options.prior is not None else None
    return Material(task, known, rows, frame, target, group, split, step, prior, drift)


def _horizons(table: pa.Table, options: FitOptions) -> Horizons | None:
    """When each row's outcome is settled, where rows are of instants."""
    if not options.as_of_column or not options.horizon_days:
        return None
    return read_horizons(table, options.as_of_column, options.horizon_days)


def _split(task: Task, target: Floats, group: NDArray[np.int64] | None, step: Rung, *, timed: bool, seed: int) -> Split:
    rows = np.arange(len(target))
    if step is Rung.RULES:
        return use_all(len(rows))
    if step is Rung.FEW:
        return (
            cross_validate_in_order(rows, group) if timed else cross_validate_at_random(target, seed=seed, group=group)
        )
    if timed:
        return split_in_order(rows, group)
    return split_at_random(target, stratify=task is Task.CONVERSION, seed=seed, group=group)


def _compete(
    names: Sequence[str], material: Material, options: FitOptions, brake: Brake, progress: Progress
) -> tuple[list[Contender], list[str]]:
    """All that was tried, and what is to be said of what could not be."""
    contenders: list[Contender] = []
    late: list[str] = []
    trials, warnings = plan_trials(names, material, options)

    def report(doing: str) -> None:
        learnt = any(contender.name != RULES for contender in contenders)
        if contenders and brake.pulled(learnt=learnt):
            raise OutOfTimeError
        progress.step(doing)

    for trial in trials:
        try:
            contenders.append(
                validate(
                    trial.name,
                    trial.algorithm,
                    material.frame,
                    material.target,
                    material.split,
                    seed=options.seed,
                    report=report,
                    group=material.group,
                    memory=material.drift.memory,
                )
            )
        except OutOfTimeError:
            late.append(trial.name)
    return contenders, [*warnings, *_about_late(late, contenders, options)]


def _about_late(late: Sequence[str], tried: Sequence[Contender], options: FitOptions) -> Iterator[str]:
    """What is to be said of what the brake kept out."""
    absent = [name.replace("_", " ") for name in late if not any(name == contender.name for contender in tried)]
    if absent:
        yield (
            f"The budget of {options.budget_seconds:g} seconds ended before {', '.join(absent)} could compete; "
            "a larger --budget lets all of them in, and makes the result repeatable."
        )
    elif late:
        settings = "the last setting" if len(late) == 1 else f"the last {len(late)} settings"
        yield (
            f"The budget of {options.budget_seconds:g} seconds ended before {settings} could be tried; "
            "a larger --budget lets all of them in, and makes the result repeatable."
        )
