"""Whether a model keeps its promises: asked in a fresh process, of the file alone or of a table too."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from leadwise.domain.card import Task
from leadwise.domain.errors import LeadwiseError
from leadwise.domain.frame import Floats, Frame
from leadwise.models.margins import sigmoid
from leadwise.registry.proof import made_up_rows
from leadwise.training.fitted_model import FittedModel
from leadwise.training.metrics import log_loss, roc_auc
from leadwise.training.options import FitOptions
from leadwise.training.outcome import read_outcome
from leadwise.training.time_metrics import ShareByAge, integrated_brier
from leadwise.training.timeline import read_timeline

ADDS_UP_WITHIN = 1e-6
BATCH_WITHIN = 1e-9
ENOUGH_OUTCOMES = 100


@dataclass(frozen=True)
class Promise:
    """One promise, and whether it was kept.

    Args:
        kept: Whether it was.
        sentence: What was promised and what was found.
    """

    kept: bool
    sentence: str


def check_promises(model: FittedModel, table: pa.Table | None = None) -> list[Promise]:
    """Every promise that can be checked with what is there.

    Args:
        model: As read from its file.
        table: Leads to score; with the outcome column in it, the scores are compared with what happened.
    """
    promises = [_same_as_when_fitted(model), *_on_frame(model, made_up_rows(model.features), "made-up rows")]
    if table is not None:
        frame = model.encode(table)
        promises += _on_frame(model, frame, f"{table.num_rows:,} rows of the table")
        promises += _on_outcomes(model, table, frame)
    return promises


def _same_as_when_fitted(model: FittedModel) -> Promise:
    margins = model.margins(made_up_rows(model.features))
    same = len(margins) == len(model.proof) and bool(np.allclose(margins, model.proof, rtol=1e-9, atol=1e-9))
    return Promise(same, "It says of made-up rows what it said where it was fitted.")


def _on_frame(model: FittedModel, frame: Frame, what: str) -> Iterator[Promise]:
    margins, explanation = model.margins(frame), model.explain(frame)
    yield Promise(bool(np.isfinite(margins).all()), f"Every one of {what} gets a score.")
    if model.card.task is Task.CONVERSION:
        probability = sigmoid(margins)
        yield Promise(bool(((probability >= 0) & (probability <= 1)).all()), f"Probabilities of {what} are 0 to 1.")
    gap = np.abs(explanation.margins - margins)
    scale = np.maximum(1.0, np.abs(margins))
    yield Promise(bool((gap <= ADDS_UP_WITHIN * scale).all()), f"Reasons of {what} add up to the score.")
    yield Promise(
        _one_equals_batch(model, frame, margins), f"A row of {what} gets the same score alone as among others."
    )


def _one_equals_batch(model: FittedModel, frame: Frame, margins: Floats) -> bool:
    rows = range(min(len(frame), 10))
    alone = np.array([model.margins(frame.take(slice(row, row + 1)))[0] for row in rows])
    return bool(np.allclose(alone, margins[: len(alone)], rtol=BATCH_WITHIN, atol=BATCH_WITHIN))


def _on_outcomes(model: FittedModel, table: pa.Table, frame: Frame) -> Iterator[Promise]:
    """Whether probabilities tell more than the overall rate does; nothing where outcomes are absent or few."""
    data = model.card.data
    if model.card.time_to_convert is not None:
        yield from _on_times(model, table, frame)
    if model.card.task is not Task.CONVERSION or data.outcome not in table.column_names:
        return
    try:
        target = read_outcome(table, data.outcome, won=data.won)
    except LeadwiseError:  # no outcome in this table that could be compared
        return
    known = target.values[target.known]
    if len(known) < ENOUGH_OUTCOMES:
        return
    probability = model.probabilities(frame)[target.known]
    loss, of_rate = log_loss(known, probability), log_loss(known, np.full(len(known), known.mean()))
    auc = roc_auc(known, probability)
    ranks = f", AUC {auc:.3f}" if auc is not None else ""
    yield Promise(
        loss <= of_rate,
        f"On {len(known):,} known outcomes its probabilities tell more than the overall rate does "
        f"(log loss {loss:.4f} against {of_rate:.4f}{ranks}).",
    )


def _on_times(model: FittedModel, table: pa.Table, frame: Frame) -> Iterator[Promise]:
    """Whether probabilities tell more than the overall share does; nothing where dates are absent or leads few."""
    told = model.card.time_to_convert
    assert told is not None
    try:
        timeline = read_timeline(table, FitOptions(created=told.created_column, converted_at=told.converted_column))
    except LeadwiseError:  # no dates in this table that could be compared
        return
    days = told.probability_days
    if len(timeline) < ENOUGH_OUTCOMES or timeline.observed_days < days:
        return
    probability = model.probabilities(frame)[timeline.rows, None]
    ages = np.array([days])
    usual = ShareByAge.of(timeline.spans, ages).share
    error = integrated_brier(timeline.spans, probability, ages)
    of_usual = integrated_brier(timeline.spans, np.full((len(timeline), 1), usual[0]), ages)
    yield Promise(
        error <= of_usual,
        f"Of {len(timeline):,} leads its probabilities to convert within {days:g} days tell more than the overall "
        f"share does (squared error {error:.4f} against {of_usual:.4f}).",
    )
