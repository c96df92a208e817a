"""From a table of leads with two dates to a model that says when they convert."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from leadwise.domain.progress import Progress, Silence
from leadwise.models.hazards.catalogue import HAZARD_MODELS, get_hazard_model
from leadwise.models.hazards.kaplan_meier import KaplanMeier
from leadwise.training.budget import Brake
from leadwise.training.fitted_model import FittedModel
from leadwise.training.options import FitOptions
from leadwise.training.time_cuts import ENOUGH_CONVERSIONS, Cut, find_cut, validation_cuts
from leadwise.training.time_describing import TimeTest, TimeTraining, describe_time
from leadwise.training.time_material import TimeMaterial, gather
from leadwise.training.time_validation import TimeContender, choose, fit_hazards, foretell, validate_hazards


def fit_time_to_convert(
    table: pa.Table, options: FitOptions, progress: Progress | None = None, *, spent_seconds: float = 0.0
) -> FittedModel:
    """The best model of when leads convert, learnt from those that are still open too.

    Kaplan-Meier, linear and boosted hazards are fitted with what was known at earlier days and judged by what came
    then; the best of them is tested in the same way on the newest leads, and then fitted once more on all leads.

    Args:
        table: One row per lead.
        options: Which columns hold the two dates, and what may be tried.
        progress: Hears of the steps.
        spent_seconds: What was spent of the budget already, on reading the file.

    Raises:
        NotWatchedError, DatesNotUnderstoodError, ColumnNotFoundError and their kin: if nothing can be learnt.
    """
    progress = progress or Silence()
    brake = Brake(options.budget_seconds, spent_seconds)
    asked = [name for name in options.algorithms if get_hazard_model(name)]
    progress.start(total_steps=4 + 3 * (len(asked) or len(HAZARD_MODELS)))
    progress.step("reading the dates and the columns, and looking for leaks")
    material = gather(table, options)
    cut = find_cut(material.timeline)
    cuts = tuple(validation_cuts(cut.before)) if cut is not None else ()
    names, said = _competitors(material, asked, cuts)
    contenders, late = _compete(names, material, cuts, options, brake, progress)
    best = choose(contenders)
    progress.step(f"fitting {best.name.replace('_', ' ')} on all leads")
    final = fit_hazards(best.name, material.frame, material.timeline, seed=options.seed)
    progress.step("trying it on the newest leads")
    test = _test([contender.name for contender in contenders], material, cut, options)
    progress.step("writing the model card")
    warnings = (*material.warnings, *said, *late)
    training = TimeTraining(
        options, material, tuple(contenders), best, final, test, warnings, table.num_rows, brake.elapsed_seconds
    )
    model = describe_time(training)
    progress.finish()
    return model


def _competitors(material: TimeMaterial, asked: Sequence[str], cuts: Sequence[Cut]) -> tuple[list[str], list[str]]:
    """Who competes, simple ones first, and what is to be said of that."""
    conversions = int(material.timeline.spans.converted.sum())
    if conversions < ENOUGH_CONVERSIONS:
        converted = "1 lead has" if conversions == 1 else f"{conversions:,} leads have"
        imagined = (
            "" if conversions else " Until one does, the curve is that of ten imagined leads, of whom one converts."
        )
        warning = (
            f"Only {converted} converted (at least {ENOUGH_CONVERSIONS} are needed to tell leads apart), so every lead "
            f"gets the same curve.{imagined}"
        )
        return [KaplanMeier.name], [warning]
    allowed = [name for name in HAZARD_MODELS if name in (asked or HAZARD_MODELS)]
    if not material.frame.features:
        return [KaplanMeier.name], []  # that no column is left was said already
    if cuts or len(allowed) == 1:
        return allowed, []
    warning = (
        f"Too few leads were watched for long enough to compare models on later leads, so the simplest was taken "
        f"({allowed[0].replace('_', ' ')}). Fit again with more leads."
    )
    return allowed[:1], [warning]


def _compete(
    names: Sequence[str],
    material: TimeMaterial,
    cuts: Sequence[Cut],
    options: FitOptions,
    brake: Brake,
    progress: Progress,
) -> tuple[list[TimeContender], list[str]]:
    """All contenders, and what is to be said of those that the brake kept out."""
    contenders: list[TimeContender] = []
    for name in names:
        if contenders and brake.pulled(learnt=True):
            warning = (
                f"The budget of {options.budget_seconds:g} seconds ended before {name.replace('_', ' ')} could "
                "compete; a larger --budget lets it in, and makes the result repeatable."
            )
            return contenders, [warning]
        contenders.append(validate_hazards(name, material.frame, cuts, seed=options.seed, report=progress.step))
    return contenders, []


def _test(names: Sequence[str], material: TimeMaterial, cut: Cut | None, options: FitOptions) -> TimeTest:
    """What each model foretold of the newest leads with what was known when they came, beside Kaplan-Meier.

    Without a cut, what it says of the leads that it learnt from.
    """
    timeline, frame = material.timeline, material.frame
    if cut is None:
        learnt, asked, tested = timeline, timeline, None
        rows = np.arange(len(timeline))
    else:
        learnt, asked, tested = cut.before, cut.after, cut.tested_days
        rows = np.arange(len(learnt), len(timeline))
    models = {
        name: fit_hazards(name, frame.take(slice(0, len(learnt))), learnt, seed=options.seed)
        for name in dict.fromkeys((KaplanMeier.name, *names))
    }
    days = tested or models[KaplanMeier.name].horizon_days
    told = {name: foretell(model, frame.take(rows), asked, days) for name, model in models.items()}
    return TimeTest(cut, days, rows, models, told)
