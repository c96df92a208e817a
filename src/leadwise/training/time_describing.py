"""The model card of a model that says when leads convert."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import DataDescription, Grade, LeaderboardRow, ModelCard, Task
from leadwise.domain.frame import Floats
from leadwise.domain.time_to_convert import HORIZONS, AgeCheck, TimeComparison, TimeToConvert
from leadwise.models.hazards.hazard_model import HazardModel
from leadwise.models.hazards.kaplan_meier import KaplanMeier
from leadwise.models.margins import logit, sigmoid
from leadwise.training.calibration import check_calibration, reliability_table
from leadwise.training.describing import EXPLAINED_ROWS, gain_curve, roc_curve
from leadwise.training.effects import column_effects
from leadwise.training.fingerprint import model_version, table_fingerprint
from leadwise.training.fitted_model import FittedModel
from leadwise.training.grading import describe_grades, grade_bounds
from leadwise.training.metrics import best_threshold, conversion_metrics
from leadwise.training.options import FitOptions
from leadwise.training.origin import origin
from leadwise.training.scalings import AS_IS
from leadwise.training.time_checks import Foretold, check_ages, check_segments
from leadwise.training.time_cuts import Cut
from leadwise.training.time_material import TimeMaterial
from leadwise.training.time_metrics import ShareByAge, concordance, integrated_brier
from leadwise.training.time_validation import TimeContender, foretell
from leadwise.training.timeline import day_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TimeTest:
    """The test on the newest leads.

    Args:
        cut: Where it was cut; None where too little is known, and the leads are those that were learnt from.
        days: The longest age at which it could compare.
        rows: Positions of its leads in the material's frame.
        models: By name, as fitted for the test.
        told: By name, what the models foretold.
    """

    cut: Cut | None
    days: float
    rows: NDArray[np.intp]
    models: Mapping[str, HazardModel]
    told: Mapping[str, Foretold]


@dataclass(frozen=True)
class TimeTraining:
    """A fitting that is done, and only has to be described."""

    options: FitOptions
    material: TimeMaterial
    contenders: tuple[TimeContender, ...]
    best: TimeContender
    final: HazardModel
    """The chosen model, fitted on all leads."""
    test: TimeTest
    warnings: tuple[str, ...]
    table_rows: int
    training_seconds: float


def describe_time(training: TimeTraining) -> FittedModel:
    """The finished model with its card."""
    material, columns = training.material, training.material.prepared.columns
    card = _card(training, model_version(training.final, columns, AS_IS))
    draft = FittedModel(card, columns, training.final, AS_IS)
    newest = slice(max(len(material.frame) - EXPLAINED_ROWS, 0), None)
    explanation = draft.explain(material.frame.take(newest))
    table = material.prepared.table.take(material.timeline.rows[newest])
    effects = column_effects(table, columns, explanation.contributions)
    return replace(draft, card=card.model_copy(update={"base": explanation.base, "effects": effects}))


def _card(training: TimeTraining, digest: str) -> ModelCard:
    options, test = training.options, training.test
    told = test.told[training.best.name]
    target, probability = _known_ends(told)
    ends, learnt = _learnt_probabilities(training)
    threshold = best_threshold(ends, learnt)
    return ModelCard(
        **origin(options, training.training_seconds),
        model_version=digest,
        task=Task.CONVERSION,
        data=_data(training),
        columns=training.material.prepared.reports,
        algorithm=training.best.name,
        leaderboard=_leaderboard(training, threshold),
        test=conversion_metrics(target, probability, threshold, seed=options.seed),
        base=0.0,
        threshold=threshold,
        calibration=check_calibration(target, logit(probability), AS_IS, held_out=test.cut is not None),
        reliability=reliability_table(target, probability),
        grades=_grades(training, learnt, target, probability),
        gain=gain_curve(target, probability),
        roc=roc_curve(target, probability),
        time_to_convert=_time_to_convert(training),
        warnings=(*_missing_horizons(training), *training.warnings),
    )


def _known_ends(told: Foretold) -> tuple[Floats, Floats]:
    """Of the leads that were watched for the whole time: whether they converted in it, and what was foretold.

    Whether a lead was watched for long enough depends on its creation alone, so these stand for all of them.
    """
    rows = np.flatnonzero(told.watched >= told.ages[-1])
    converted = told.spans.converted[rows] & (told.spans.days[rows] <= told.ages[-1])
    return converted.astype(np.float64), told.probability[rows, -1]


def _learnt_probabilities(training: TimeTraining) -> tuple[Floats, Floats]:
    """Ends and probabilities, by the test's age, of leads that the test's model learnt from: bounds come from these."""
    test, material = training.test, training.material
    leads = test.cut.before if test.cut is not None else material.timeline
    model = test.models[training.best.name]
    told = foretell(model, material.frame.take(slice(0, len(leads))), leads, test.days)
    return _known_ends(told)


def _data(training: TimeTraining) -> DataDescription:
    material, options, test = training.material, training.options, training.test
    leads, tested = len(material.timeline), len(test.rows)
    horizon = np.array([training.final.horizon_days])
    return DataDescription(
        fingerprint=table_fingerprint(material.prepared.table),
        rows=training.table_rows,
        train_rows=leads - tested if test.cut is not None else leads,
        test_rows=tested,
        outcome=str(options.converted_at),
        base_rate=float(ShareByAge.of(material.timeline.spans, horizon).share[0]),
        id_column=material.prepared.id_column,
        time_column=options.created,
        time_ordered=True,
        split=_split(training),
    )


def _split(training: TimeTraining) -> str:
    test = training.test
    if test.cut is None:
        return (
            "There are too few leads to hold any back, so the figures are of the leads that were learnt from, and of "
            f"conversion within {test.days:g} days."
        )
    return (
        f"The {len(test.rows):,} leads created after {day_text(test.cut.instant)} are the test set, foretold with what "
        f"was known on that day; validation was done in the same way, at earlier days. The figures are of conversion "
        f"within {test.days:g} days, on leads that were watched for as long."
    )


def _leaderboard(training: TimeTraining, threshold: float) -> tuple[LeaderboardRow, ...]:
    ranked = sorted(training.contenders, key=lambda each: (each is not training.best, -each.log_likelihood))
    return tuple(_row(contender, training, threshold) for contender in ranked)


def _row(contender: TimeContender, training: TimeTraining, threshold: float) -> LeaderboardRow:
    target, probability = _known_ends(training.test.told[contender.name])
    validation = {"log_loss": -contender.log_likelihood / contender.leads} if contender.leads else {}
    return LeaderboardRow.model_validate(
        {
            "algorithm": contender.name,
            "chosen": contender is training.best,
            **validation,
            "fit_seconds": round(contender.fit_seconds, 3),
            "note": "validation: of what was seen of each lead" if validation else "",
            "test": conversion_metrics(target, probability, threshold, seed=training.options.seed),
        }
    )


def _grades(training: TimeTraining, learnt: Floats, target: Floats, probability: Floats) -> tuple[Grade, ...]:
    """Grades for probabilities of the final model, with what became of test leads whose grades the test's model gave.

    The two have learnt from different leads and may speak of different ages, so each has bounds of its own; the shares
    of leads are the same.
    """
    shown = describe_grades(grade_bounds(learnt), target, probability, training.options.actions)
    bounds = grade_bounds(sigmoid(training.final.predict(training.material.frame)))
    return tuple(grade.model_copy(update={"minimum_probability": bounds[grade.grade]}) for grade in shown)


def _time_to_convert(training: TimeTraining) -> TimeToConvert:
    material, test, final = training.material, training.test, training.final
    timeline, told = material.timeline, test.told[training.best.name]
    horizons = np.array([float(days) for days in HORIZONS if days <= test.days] or [test.days])
    overall = check_ages(told, horizons)
    table = material.prepared.table.take(timeline.rows[test.rows])
    comparisons = _comparisons(training)
    median = _median(training)
    return TimeToConvert(
        created_column=str(training.options.created),
        converted_column=str(training.options.converted_at),
        as_of=EPOCH + timedelta(days=timeline.as_of),
        leads=len(timeline),
        converted=int(timeline.spans.converted.sum()),
        open=int((~timeline.spans.converted).sum()),
        observed_days=float(final.ages[-1]),
        horizons=tuple(days for days in HORIZONS if days <= final.ages[-1]),
        probability_days=final.horizon_days,
        median_days=median,
        tested_from=EPOCH + timedelta(days=test.cut.instant) if test.cut is not None else None,
        tested_days=test.days,
        comparisons=comparisons,
        curve=check_ages(told, told.ages),
        overall=overall,
        segments=check_segments(told, table, material.prepared.columns),
        sentence=_sentence(training, overall, comparisons),
    )


def _median(training: TimeTraining) -> float | None:
    """The age by which half of all leads have converted, by Kaplan-Meier; None where that was not observed."""
    spans = training.material.timeline.spans
    times = np.unique(spans.days[spans.converted])
    reached = np.flatnonzero(ShareByAge.of(spans, times).share >= 0.5)  # noqa: PLR2004 - half
    return float(times[reached[0]]) if reached.size else None


def _comparisons(training: TimeTraining) -> tuple[TimeComparison, ...]:
    validated = {each.name: each for each in training.contenders}
    return tuple(
        TimeComparison(
            algorithm=name,
            chosen=name == training.best.name,
            log_likelihood=(
                validated[name].log_likelihood / validated[name].leads
                if name in validated and validated[name].leads
                else None
            ),
            concordance=concordance(told.spans, told.probability[:, -1], training.options.seed),
            integrated_brier=integrated_brier(told.spans, told.probability, told.ages),
        )
        for name, told in training.test.told.items()
    )


def _sentence(training: TimeTraining, overall: tuple[AgeCheck, ...], comparisons: tuple[TimeComparison, ...]) -> str:
    test, last = training.test, overall[-1]
    low, high = last.observed_interval
    held = low <= last.predicted <= high
    by_name = {each.algorithm: each for each in comparisons}
    chosen, usual = by_name[training.best.name], by_name[KaplanMeier.name]
    when = f"created after {day_text(test.cut.instant)}, which it had not seen" if test.cut else "that it learnt from"
    text = (
        f"Of {len(test.rows):,} leads {when}, it expected {last.predicted:.1%} to convert within {last.days:g} days "
        f"and {last.observed:.1%} did (95% interval {low:.1%} to {high:.1%}): "
        f"{'the percentages held' if held else 'the percentages did not hold'}."
    )
    if chosen is usual or chosen.concordance is None:
        return text
    gain = 1 - chosen.integrated_brier / usual.integrated_brier
    return (
        f"{text} Of two leads it put the one that converts first before the other {100 * chosen.concordance:.0f} of "
        f"100 times, and its squared error over all ages was {abs(gain):.1%} {'lower' if gain >= 0 else 'higher'} than "
        "that of one curve for all leads."
    )


def _missing_horizons(training: TimeTraining) -> tuple[str, ...]:
    """What to say where leads were not watched for as long as a horizon."""
    final = training.final
    missing = [f"{days}" for days in HORIZONS if days > final.ages[-1]]
    if not missing:
        return ()
    warning = (
        f"Leads were watched for {final.ages[-1]:g} days only, so nothing is said of {', '.join(missing)} days: these "
        f"columns stay empty, and a lead's probability is that to convert within {final.horizon_days:g} days."
    )
    return (warning,)
