"""What a recalibrated model says of itself."""

from dataclasses import replace

import numpy as np

from leadwise.domain.card import EffectPoint, FeatureEffect, Grade, Recalibration
from leadwise.domain.frame import Floats, Frame
from leadwise.models.margins import logit, sigmoid
from leadwise.training.calibration import check_calibration, reliability_table
from leadwise.training.fingerprint import model_version
from leadwise.training.fitted_model import FittedModel
from leadwise.training.grading import describe_grades
from leadwise.training.scalings import PlattScaling
from leadwise.training.segments import segment_calibration, tell_segments
from leadwise.training.worth import how_sure

ROUNDING = 1e-9
"""A grade's bound moves by so much less, so that no lead falls below it by rounding."""


def adjust(
    model: FittedModel, step: PlattScaling, report: Recalibration, frame: Frame, target: Floats, judged: Floats
) -> FittedModel:
    """The model with its log-odds moved by a step, and the card that says so.

    Every lead keeps its grade, since grades say who comes first: their bounds move with the probabilities.

    Args:
        model: As it was.
        step: What is done to its calibrated log-odds.
        report: On what grounds.
        frame: The features of the rows that the step was judged on.
        target: What became of them: 1 won, 0 not.
        judged: Their log-odds, as moved by what other rows say.
    """
    scaling = model.scaling.then(step.slope, step.intercept)
    version = model_version(model.algorithm, model.columns, scaling, model.ages)
    card, probability = model.card, sigmoid(judged)
    by_name = {column.name: column for column in model.columns}
    declared = list(dict.fromkeys(segment.column for segment in card.segments if segment.declared))
    told = dict.fromkeys([*declared, *(effect.column for effect in card.effects)])
    segments = segment_calibration(frame, [by_name[name] for name in told], probability, target, declared=declared)
    reason = f"Recalibrated. {report.sentence}"
    changes = {
        "model_version": version,
        "recalibrations": (*card.recalibrations, report.model_copy(update={"model_version": version})),
        "calibration": check_calibration(target, judged, scaling).model_copy(update={"reason": reason}),
        "reliability": reliability_table(target, probability),
        "segments": segments,
        "segments_sentence": tell_segments(segments),
        "grades": _regrade(card.grades, step, target, probability),
        "threshold": _move(card.threshold, step) if card.threshold is not None else None,
        "base": step.slope * card.base + step.intercept,
        "effects": tuple(_stretch(effect, step.slope) for effect in card.effects),
    }
    intervals = model.score_intervals and model.score_intervals.then(step.slope, step.intercept)
    changes["sureness"] = how_sure(intervals) if intervals else ""
    changed = card.model_copy(update=changes)
    return replace(model, card=changed, scaling=scaling, score_intervals=intervals, proof=())


def tell(report: Recalibration, judged: str) -> str:
    """What was found and done, in a few sentences.

    Args:
        report: The figures.
        judged: On which rows the change was judged, in words.
    """
    found = f"{report.rows:,} leads have ended, {report.expected_before:,.0f} conversions were expected of them and"
    found = found.replace("1 leads have", "1 lead has") if report.rows == 1 else found
    losses = f"{report.log_loss_before:.4f} to {report.log_loss_after:.4f}"
    if not report.changed:
        return (
            f"{found} {report.happened:,} happened. Moving the probabilities gains too little to be trusted, "
            f"judged on {judged}, so the model stays as it is."
        )
    stretched = f" stretched by {report.slope:.3f} and" if report.slope != 1 else ""
    return (
        f"{found} {report.happened:,} happened. So its log-odds were{stretched} shifted by {report.intercept:+.3f}. "
        f"Judged on {judged}, that takes log loss from {losses}."
    )


def _move(probability: float, step: PlattScaling) -> float:
    """Where the step takes a probability; 0 and 1 stay."""
    if not 0 < probability < 1:
        return probability
    return float(sigmoid(step.apply(logit(np.array([probability]))))[0]) * (1 - ROUNDING)


def _regrade(grades: tuple[Grade, ...], step: PlattScaling, target: Floats, probability: Floats) -> tuple[Grade, ...]:
    bounds = {grade.grade: _move(grade.minimum_probability, step) for grade in grades}
    return describe_grades(bounds, target, probability, {grade.grade: grade.action for grade in grades})


def _stretch(effect: FeatureEffect, slope: float) -> FeatureEffect:
    points = tuple(
        EffectPoint(label=point.label, contribution=slope * point.contribution, count=point.count)
        for point in effect.points
    )
    return effect.model_copy(update={"importance": slope * effect.importance, "points": points})
