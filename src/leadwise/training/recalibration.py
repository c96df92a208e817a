"""Recalibration: probabilities moved to where matured outcomes say they belong, without fitting anew.

Only what is said of a lead's chances changes, never who comes before whom, nor the reasons but for their size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from leadwise.domain.card import Recalibration, Task
from leadwise.domain.clock import now
from leadwise.domain.frame import Floats, Frame
from leadwise.features.columns import infer_column
from leadwise.features.encoding import missing_columns
from leadwise.models.margins import sigmoid
from leadwise.training.errors import (
    AlreadyLearntFromError,
    ColumnNotFoundError,
    ColumnRoleConflictError,
    NoKnownColumnError,
    NotRecalibratableError,
    OutcomeNotUnderstoodError,
    WonValueNotFoundError,
)
from leadwise.training.fingerprint import table_fingerprint
from leadwise.training.fitted_model import FittedModel
from leadwise.training.outcome import OutcomeTarget, means_won, read_outcome
from leadwise.training.recalibration_card import adjust, tell
from leadwise.training.row_order import oldest_first, read_time
from leadwise.training.scaling_choice import likelihood
from leadwise.training.scaling_fits import fit_platt, fit_shift
from leadwise.training.scalings import AS_IS, PlattScaling
from leadwise.training.splits import Fold
from leadwise.training.time_errors import CurvesNotRecalibratableError

FOLDS = 5
WORTH = 1.0
"""Each further parameter must gain so much log-likelihood on rows that it was not learnt from (Akaike 1974)."""
STRETCH_OUTCOMES = 100
"""From so many conversions, and so many leads without one, on the slope may move as well as the intercept."""


@dataclass(frozen=True)
class Recalibrated:
    """What became of a model.

    Args:
        model: The recalibrated one; the same as before where nothing was gained.
        report: What was found, and what was done about it.
    """

    model: FittedModel
    report: Recalibration


@dataclass(frozen=True)
class Matured:
    """Leads that have ended, with what the model says of them. Oldest first where their order is known.

    Args:
        frame: Their features.
        margin: The model's calibrated log-odds.
        target: 1 won, 0 not.
        folds: What is learnt from and what it is judged on.
        judged: How that is done, in words.
    """

    frame: Frame
    margin: Floats
    target: Floats
    folds: tuple[Fold, ...]
    judged: str


def recalibrate(model: FittedModel, table: pa.Table, outcome: str, *, won: str | None = None) -> Recalibrated:
    """The model with its probabilities moved to what happened; as it was where that gains nothing on held-out rows.

    A few outcomes move the intercept alone, drawn towards no change; from a hundred of each on the slope may move too.

    Args:
        model: A conversion model.
        table: Leads that ended after it was fitted. Rows without an outcome are ignored.
        outcome: The column that says how each ended.
        won: Which of its values means converted; None: the one that did when the model was fitted.

    Raises:
        NotRecalibratableError, ColumnNotFoundError, ColumnRoleConflictError, NoKnownColumnError,
        AlreadyLearntFromError: as they say.
        NoOutcomeError and its kin: if the outcome cannot be read.
    """
    _check(model, table, outcome)
    target = _read(model, table, outcome, won)
    matured = _gather(model, table, target)
    step, judged = _choose(matured)
    rows = np.concatenate([fold.validation for fold in matured.folds])
    report = Recalibration(
        at=now(),
        changed=step != AS_IS,
        from_version=model.card.model_version,
        model_version=model.card.model_version,
        rows=len(matured.target),
        rows_without_outcome=int((~target.known).sum()),
        missing_columns=tuple(missing_columns(table, model.columns)),
        slope=step.slope,
        intercept=step.intercept,
        happened=int(matured.target.sum()),
        expected_before=float(sigmoid(matured.margin).sum()),
        expected_after=float(sigmoid(step.apply(matured.margin)).sum()),
        judged_rows=len(rows),
        log_loss_before=-likelihood(matured.target[rows], matured.margin[rows]) / len(rows),
        log_loss_after=-likelihood(matured.target[rows], judged) / len(rows),
        sentence="",
    )
    report = report.model_copy(update={"sentence": tell(report, matured.judged)})
    if not report.changed:
        return Recalibrated(model, report)
    adjusted = adjust(model, step, report, matured.frame.take(rows), matured.target[rows], judged)
    return Recalibrated(adjusted, adjusted.card.recalibrations[-1])


def _check(model: FittedModel, table: pa.Table, outcome: str) -> None:
    if model.card.task is not Task.CONVERSION:
        raise NotRecalibratableError(model.card.data.outcome)
    if model.card.time_to_convert is not None:
        raise CurvesNotRecalibratableError
    if outcome not in table.column_names:
        raise ColumnNotFoundError("--outcome", outcome, table.column_names)
    if outcome in {column.name for column in model.columns}:
        raise ColumnRoleConflictError(outcome, "the outcome", "a column that the model scores by")
    if model.columns and len(missing_columns(table, model.columns)) == len(model.columns):
        raise NoKnownColumnError([column.name for column in model.columns])
    if table_fingerprint(table) == model.card.data.fingerprint:
        raise AlreadyLearntFromError


def _read(model: FittedModel, table: pa.Table, outcome: str, won: str | None) -> OutcomeTarget:
    """The outcomes, where nothing else is said by the value that meant converted when the model was fitted."""
    before = model.card.data.won
    if won is not None or (before is not None and not means_won(before)):
        return read_outcome(table, outcome, won=won or before)
    try:
        return read_outcome(table, outcome)
    except OutcomeNotUnderstoodError as not_understood:
        if before is None:
            raise
        try:  # values that are neither yes nor no mean no, where the fitting was told so
            return read_outcome(table, outcome, won=before)
        except WonValueNotFoundError:
            raise not_understood from None


def _gather(model: FittedModel, table: pa.Table, target: OutcomeTarget) -> Matured:
    time = _time(model, table)
    known = oldest_first(np.flatnonzero(target.known), time)
    frame = model.encode(table.take(known))
    if time is not None:
        folds, judged = _in_order(len(known)), "the newest half after learning from the older"
    else:
        folds = _at_random(len(known), model.card.seed)
        judged = f"each of {len(folds)} parts after learning from the others"
    return Matured(frame, model.margins(frame), target.values[known], folds, judged)


def _time(model: FittedModel, table: pa.Table) -> Floats | None:
    """By row, what orders it, as when the model was fitted; None if nothing does."""
    data = model.card.data
    if not data.time_ordered or table.num_rows == 0:
        return None
    if data.time_column is None:  # the rows themselves are in order
        return np.arange(table.num_rows, dtype=np.float64)
    if data.time_column not in table.column_names:
        return None
    fitted = next((column for column in model.columns if column.name == data.time_column), None)
    return read_time(table, fitted or infer_column(data.time_column, table.column(data.time_column)))


def _in_order(rows: int) -> tuple[Fold, ...]:
    half = rows // 2
    return (Fold(np.arange(half), np.arange(half, rows)),)


def _at_random(rows: int, seed: int) -> tuple[Fold, ...]:
    shuffled = np.random.default_rng(seed).permutation(rows)
    parts = [part for part in np.array_split(shuffled, FOLDS) if part.size]
    return tuple(Fold(np.setdiff1d(shuffled, part), np.sort(part)) for part in parts)


def _choose(matured: Matured) -> tuple[PlattScaling, Floats]:
    """What is to be done to the log-odds, and those of the judged rows as it would have made them."""
    margin, target, folds = matured.margin, matured.target, matured.folds
    fits: list[Callable[[Floats, Floats], PlattScaling]] = [fit_shift]
    if min(target.sum(), len(target) - target.sum()) >= STRETCH_OUTCOMES:
        fits.append(fit_platt)
    truth = np.concatenate([target[fold.validation] for fold in folds])
    judged = np.concatenate([margin[fold.validation] for fold in folds])
    step, best = AS_IS, likelihood(truth, judged)
    for parameters, fit in enumerate(fits, start=1):
        moved, whole = _judge(fit, margin, target, folds), fit(margin, target)
        found = likelihood(truth, moved)
        if found > best + WORTH * (parameters if step == AS_IS else 1) and whole.slope > 0:  # ranks are kept
            step, judged, best = whole, moved, found
    return step, judged


def _judge(
    fit: Callable[[Floats, Floats], PlattScaling], margin: Floats, target: Floats, folds: Sequence[Fold]
) -> Floats:
    """The folds' judged rows, moved by what the rows learnt from say."""
    return np.concatenate(
        [fit(margin[fold.train], target[fold.train]).apply(margin[fold.validation]) for fold in folds]
    )
