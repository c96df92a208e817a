"""The last fit: the winner once more, on the test's rows too, and on as many more as the rest of the budget buys."""

from leadwise.features.encoding import encode
from leadwise.models.algorithm import Algorithm
from leadwise.models.ensemble import Ensemble
from leadwise.training.budget import Brake, affordable_last_rows
from leadwise.training.material import Material
from leadwise.training.options import FitOptions
from leadwise.training.preparation import PreparedTable
from leadwise.training.row_order import choose_rows
from leadwise.training.validation import Contender


def fit_last(
    best: Contender, prepared: PreparedTable, material: Material, options: FitOptions, brake: Brake
) -> tuple[Algorithm, list[str]]:
    """The winner on the rows that it was chosen on, or on more, and what is to be said of those left aside.

    The test's rows are among them: the newest leads are the most like the next ones.
    """
    timed = prepared.time is not None and options.newest_first
    if not brake.allows(_expected_seconds(best, material)):
        return best.model, [*_about_rows(material, None, options, timed=timed), _unrefitted(options)]
    most = affordable_last_rows(_members(best.model), len(material.frame.features), options.budget_seconds)
    rows, frame, target, group = material.rows, material.frame, material.target, material.group
    if most > len(rows) < len(material.known) and brake.allows_more_rows:
        rows = choose_rows(material.known, most, timed=timed, seed=options.seed)
        frame, target = encode(prepared.table.take(rows), prepared.columns), prepared.target.values[rows]
        group = prepared.group[rows] if prepared.group is not None else None
    memory = material.drift.latest
    model = best.model.resettled({"trend": memory.trend}).fit(
        frame, target, seed=options.seed, group=group, weight=memory.weights(len(target))
    )
    return model, _about_rows(material, len(rows), options, timed=timed)


def _expected_seconds(best: Contender, material: Material) -> float:
    """What the winner takes once more, by what it took until now: a fit on each fold and one on all training rows."""
    trained = len(material.split.train) + sum(len(fold.train) for fold in material.split.folds)
    return best.fit_seconds * len(material.rows) / max(trained, 1)


def _unrefitted(options: FitOptions) -> str:
    return (
        f"The budget of {options.budget_seconds:g} seconds ended before the model could be fitted once more on the "
        "test's rows too, so it has not learnt from them; a larger --budget lets it."
    )


def _members(model: Algorithm) -> list[str]:
    return [member.name for member in model.recipe] if isinstance(model, Ensemble) else [model.name]


def _about_rows(material: Material, fitted: int | None, options: FitOptions, *, timed: bool) -> list[str]:
    """What is to be said of rows left aside; `fitted` None: there was no last fit."""
    chosen_on, known = len(material.rows), len(material.known)
    if chosen_on == known:
        return []
    which = "newest" if timed else "randomly drawn"
    if fitted is None:
        then = ""
    else:
        fitted_on = "them" if fitted == chosen_on else f"all {known:,}" if fitted == known else f"{fitted:,}"
        then = f" and then fitted on {fitted_on}"
    sentence = (
        f"Chosen and tested on the {which} {chosen_on:,} of {known:,} rows{then}, which is "
        f"what a budget of {options.budget_seconds:g} seconds buys; a larger --budget uses more."
    )
    return [sentence]
