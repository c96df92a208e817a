"""What a model of few outcomes is worth, in a sentence."""

from math import ceil, floor

import numpy as np

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats
from leadwise.models.margins import sigmoid
from leadwise.training.competitors import ENOUGH_AMOUNTS, ENOUGH_OUTCOMES, FEWEST_FOR_ANY, RULES, Rung
from leadwise.training.material import Material
from leadwise.training.options import FitOptions
from leadwise.training.score_intervals import ScoreIntervals


def describe_worth(material: Material, options: FitOptions, intervals: ScoreIntervals | None) -> tuple[str, ...]:
    """Sentences on a model that could not learn from enough outcomes; none where there were enough.

    Args:
        material: What it learnt from.
        options: What was asked for.
        intervals: How sure its scores are; None for amounts.
    """
    if material.rung is Rung.ENOUGH:
        return ()
    if material.task is Task.VALUE:
        rows = "1 row has" if len(material.target) == 1 else f"{len(material.target)} rows have"
        found = f"Only {rows} an amount (at least {ENOUGH_AMOUNTS} are needed to learn from)"
        return (f"{found}, so this model is made of rules and ranks customers by common sense. Fit again with more.",)
    assert intervals is not None
    found = f"{_count(material.target)}, so this model {_made_of(material.rung, options)}."
    return (f"{found} {how_sure(intervals)} Fit again when more leads have ended.", *_stood_in(material, options))


def _count(target: Floats) -> str:
    won, lost = int(np.sum(target == 1)), int(np.sum(target == 0))
    if not won + lost:
        return "No lead has an outcome yet"
    return f"{won:,} {'lead' if won == 1 else 'leads'} converted and {lost:,} did not"


def _made_of(step: Rung, options: FitOptions) -> str:
    known = "the model given as --prior" if options.prior is not None else "rules of common sense"
    if step is Rung.FEW:
        return f"leans on {known} (from {ENOUGH_OUTCOMES} of each on, algorithms compete and are put to a test)"
    return f"is made of {known} alone"


def how_sure(intervals: ScoreIntervals) -> str:
    """How much the usual score leaves open.

    >>> how_sure(ScoreIntervals(centre=-1.5, spread=1.0, level=0.02, slope=0.01, both=0.0))
    'Of 100 leads with the usual score of 18%, between 15 and 22 convert, four times of five.'
    """
    usual = np.array([intervals.centre])
    low, high = intervals.around(usual)
    return (
        f"Of 100 leads with the usual score of {float(sigmoid(usual)[0]):.0%}, between {floor(100 * low[0])} and "
        f"{ceil(100 * high[0])} convert, four times of five."
    )


def _stood_in(material: Material, options: FitOptions) -> tuple[str, ...]:
    """What is to be said where others than those that were asked for had to stand in."""
    rarer = min(np.sum(material.target == 1), np.sum(material.target == 0))
    if not options.algorithms or set(options.algorithms) == {RULES} or rarer >= FEWEST_FOR_ANY:
        return ()
    asked = ", ".join(name.replace("_", " ") for name in options.algorithms)
    return (f"Not tried, as it takes {FEWEST_FOR_ANY} leads of each outcome: {asked}.",)
