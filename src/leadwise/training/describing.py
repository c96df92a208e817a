"""The model card of a fitting: what was learnt, how good it is, and on what grounds."""

from dataclasses import replace

import numpy as np

from leadwise.domain.card import (
    Calibration,
    DataDescription,
    GainPoint,
    Metrics,
    ModelCard,
    RocPoint,
    Task,
    ValueMetrics,
)
from leadwise.domain.frame import Floats
from leadwise.models.margins import sigmoid
from leadwise.training.agreement import measure_agreement
from leadwise.training.calibration import check_calibration, reliability_table
from leadwise.training.competitors import Rung
from leadwise.training.effects import column_effects
from leadwise.training.fingerprint import model_version, table_fingerprint
from leadwise.training.fitted_model import FittedModel
from leadwise.training.grading import describe_grades, grade_bounds, name_grades, value_bands
from leadwise.training.intervals import COVERAGE, fit_intervals
from leadwise.training.leaderboard import leaderboard
from leadwise.training.material import Training
from leadwise.training.metrics import Ranking, best_threshold
from leadwise.training.origin import origin
from leadwise.training.score_intervals import ScoreIntervals, fit_score_intervals
from leadwise.training.segments import segment_calibration, tell_segments, tell_untold
from leadwise.training.worth import describe_worth, how_sure

EXPLAINED_ROWS = 2_000
CURVE_POINTS = 100


def describe(training: Training) -> FittedModel:
    """The finished model with its card."""
    material, best = training.material, training.best
    intervals = fit_intervals(best.margins, best.targets) if material.task is Task.VALUE else None
    score_intervals = _score_intervals(training)
    digest = model_version(training.final, training.prepared.columns, best.scaling)
    draft = FittedModel(
        _card(training, digest), training.prepared.columns, training.final, best.scaling, intervals, score_intervals
    )
    agreement = measure_agreement(draft, material.frame.take(material.split.test), training.options.budget_seconds)
    worth = describe_worth(material, training.options, score_intervals)
    card = _with_segments(_with_effects(draft, training), training)
    sureness = how_sure(score_intervals) if score_intervals is not None else ""
    warnings = (*worth, *card.warnings)
    card = card.model_copy(update={"reasons": agreement, "sureness": sureness, "warnings": warnings})
    return replace(draft, card=card, exact_reasons=agreement.exact_by_default)


def _score_intervals(training: Training) -> ScoreIntervals | None:
    """How sure the winner's scores are; None for amounts."""
    material, best = training.material, training.best
    if material.task is Task.VALUE:
        return None
    split = material.split
    timed = split.ordered and split.held_out  # the periods of few rows are too short to tell moves from chance
    return fit_score_intervals(
        best.margins,
        best.targets,
        periods=[len(fold.validation) for fold in split.folds] if timed else [],
        group=material.group[split.validated] if material.group is not None else None,
    )


def _card(training: Training, model_version: str) -> ModelCard:
    material, options = training.material, training.options
    board = leaderboard(training)
    chosen: Metrics | None = board[0].test
    assert chosen is not None
    card = ModelCard(
        **origin(options, training.training_seconds),
        model_version=model_version,
        task=material.task,
        data=_data(training),
        columns=training.prepared.reports,
        algorithm=board[0].algorithm,
        leaderboard=board,
        search=training.search,
        preprocessing=options.preprocessing,
        test=chosen,
        base=0.0,
        warnings=training.warnings,
        drift=material.drift.report,
    )
    if material.task is Task.VALUE:
        target, margins = training.test_target, training.test_margins[training.best.name]
        bands = value_bands(training.best.margins, float(material.target.min()), options.actions)
        gain = gain_curve(target, margins) if target.min() >= 0 else ()
        warnings = (*_coverage_warning(chosen), *card.warnings)
        return card.model_copy(update={"value_bands": bands, "gain": gain, "warnings": warnings})
    return _with_probabilities(card, training)


def _data(training: Training) -> DataDescription:
    material, prepared = training.material, training.prepared
    conversion = material.task is Task.CONVERSION
    known = int(np.sum(~np.isnan(material.target)))
    mean = float(material.target.mean()) if known else None
    return DataDescription(
        fingerprint=table_fingerprint(prepared.table),
        rows=prepared.table.num_rows,
        train_rows=min(len(material.split.train), known),
        test_rows=min(len(material.split.test), known),
        outcome=training.options.outcome,
        won=prepared.target.won,
        base_rate=mean if conversion else None,
        mean_value=None if conversion else mean,
        id_column=prepared.id_column,
        time_column=training.options.time_column,
        time_ordered=prepared.time is not None,
        split=material.split.sentence,
        fitted_on_test=training.final is not training.best.model,
    )


def _with_probabilities(card: ModelCard, training: Training) -> ModelCard:
    """The card with what only probabilities have: calibration, grades, curves."""
    best, target = training.best, training.test_target
    probability, validated = sigmoid(training.test_margins[best.name]), sigmoid(best.margins)
    if np.isnan(target).any():  # no outcome is known at all
        return card.model_copy(update={"grades": name_grades(grade_bounds(validated), training.options.actions)})
    return card.model_copy(
        update={
            "threshold": best_threshold(best.targets, validated),
            "calibration": _calibration(training),
            "reliability": reliability_table(target, probability),
            "grades": describe_grades(grade_bounds(validated), target, probability, training.options.actions),
            "gain": gain_curve(target, probability),
            "roc": roc_curve(target, probability),
        }
    )


def _calibration(training: Training) -> Calibration | None:
    """Whether probabilities held on the test rows; None where these are too few to tell."""
    material, best = training.material, training.best
    if material.rung is not Rung.ENOUGH:
        return None
    group = material.group[material.split.test] if material.group is not None else None
    found = check_calibration(training.test_target, training.test_margins[best.name], best.scaling, group=group)
    return found.model_copy(update={"reason": best.calibration_note})


def _with_segments(card: ModelCard, training: Training) -> ModelCard:
    """The card with what became of the test rows by segment: those that people compare by, then the strongest."""
    material, best = training.material, training.best
    if material.task is Task.VALUE or material.rung is not Rung.ENOUGH:
        return card
    test = material.split.test
    by_name = {column.name: column for column in training.prepared.columns}
    declared = [name for name in training.options.segments if name in by_name]
    told = dict.fromkeys([*declared, *(effect.column for effect in card.effects)])
    segments = segment_calibration(
        material.frame.take(test),
        [by_name[name] for name in told],
        sigmoid(training.test_margins[best.name]),
        training.test_target,
        group=material.group[test] if material.group is not None else None,
        declared=declared,
    )
    sentence = " ".join(filter(None, (tell_segments(segments), tell_untold(declared, segments))))
    return card.model_copy(update={"segments": segments, "segments_sentence": sentence})


def _coverage_warning(test: Metrics) -> tuple[str, ...]:
    """What to say where intervals held clearly fewer of the test's amounts than promised."""
    if not isinstance(test, ValueMetrics):
        return ()
    _, most = test.intervals.get("interval_coverage", (0.0, 1.0))
    if most >= COVERAGE:
        return ()
    warning = (
        f"The intervals held {test.interval_coverage:.0%} of the true amounts in the test instead of {COVERAGE:.0%}: "
        "amounts have moved since the rows that were learnt from. Take them as too narrow."
    )
    return (warning,)


def gain_curve(target: Floats, probability: Floats) -> tuple[GainPoint, ...]:
    """Share of all conversions (or of all value) that the best-scored shares of leads bring."""
    if not target.any():
        return ()
    shares = np.arange(1, CURVE_POINTS + 1) / CURVE_POINTS
    found = Ranking.of(target, probability).captured(shares)
    return tuple(
        GainPoint(share=float(share), captured=float(part), lift=float(part / share))
        for share, part in zip(shares, found, strict=True)
    )


def roc_curve(target: Floats, probability: Floats) -> tuple[RocPoint, ...]:
    """The curve, thinned to about a hundred points."""
    if not target.any() or target.all():
        return ()
    ranking = Ranking.of(target, probability)
    won = np.cumsum(ranking.won) / ranking.won.sum()
    lost = np.cumsum(ranking.rows - ranking.won) / (ranking.rows - ranking.won).sum()
    kept = np.unique(np.linspace(0, len(won) - 1, CURVE_POINTS).astype(np.int64))
    points = [RocPoint(false_positive_rate=float(lost[at]), true_positive_rate=float(won[at])) for at in kept]
    return (RocPoint(false_positive_rate=0.0, true_positive_rate=0.0), *points)


def _with_effects(model: FittedModel, training: Training) -> ModelCard:
    """The card with what each column does, read off the newest test rows."""
    material = training.material
    rows = material.split.test[-EXPLAINED_ROWS:]
    explanation = model.explain(material.frame.take(rows))
    table = training.prepared.table.take(material.rows[rows])
    effects = column_effects(table, model.columns, explanation.contributions)
    return model.card.model_copy(update={"base": explanation.base, "effects": effects})
