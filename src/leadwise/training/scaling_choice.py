"""Which scaling a model gets: the one that does best on rows that it was not learnt from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.models.margins import log_losses, shift_to_expect, sigmoid
from leadwise.training.scaling_fits import fit_beta, fit_curve, fit_platt
from leadwise.training.scalings import AS_IS, BetaScaling, CurveScaling, PlattScaling, Scaling

WORTH = 2.0
"""So much log-likelihood a scaling must gain: one unit for each of Platt's two parameters (Akaike 1974). Finer methods
have more, but are compared on rows that they were not learnt from, as Platt scaling is."""

ENOUGH_TO_STEEPEN = 80
"""From so many of either outcome on, a line may make a model surer than it is. On fewer, models of the folds are less
sure than the one that ships for no other reason than that they learnt from fewer rows."""


@dataclass(frozen=True)
class Method:
    """A way to calibrate.

    Args:
        title: Its name for people.
        outcomes: From so many conversions, and so many leads without one, on it is tried.
        fit: Learns it from margins and targets.
    """

    title: str
    outcomes: int
    fit: Callable[[Floats, Floats], Scaling]


NONE = "none"
METHODS: Mapping[str, Method] = {
    PlattScaling.method: Method("Platt scaling", 0, fit_platt),
    BetaScaling.method: Method("beta calibration", 100, fit_beta),
    CurveScaling.method: Method("a monotone curve", 1_000, fit_curve),
}
"""Simple ones first: a finer one must earn its place."""
A_LINE: Mapping[str, Method] = {PlattScaling.method: METHODS[PlattScaling.method]}
"""What competitors are calibrated by: then a weighted sum of them has contributions that add up by themselves."""


@dataclass(frozen=True)
class Choice:
    """How margins are calibrated, and why.

    Args:
        scaling: The one to use.
        margins: All folds' log-odds as it would have made them without knowing the fold, in the folds' order.
        tried: Log loss in nats of all folds by method, "none" first; empty where nothing could be compared.
    """

    scaling: Scaling
    margins: Floats
    tried: Mapping[str, float]


def choose_scaling(
    margins: Sequence[Floats],
    targets: Sequence[Floats],
    *,
    ordered: bool,
    methods: Mapping[str, Method] = METHODS,
) -> Choice:
    """The scaling that does best on each fold when learnt from the others.

    Where folds are in time order, each is scaled by what the earlier ones say. A finer method is taken only if it is
    clearly better than the best simpler one: a scaling that only follows last season's rate does harm.

    Args:
        margins: By fold, of rows that were not fitted on.
        targets: Of the same rows.
        ordered: Whether the folds are in time order.
        methods: What may be chosen, simple ones first.
    """
    plain, truth = np.concatenate(margins), np.concatenate(targets)
    choice, best, tried = Choice(AS_IS, plain, {}), likelihood(truth, plain), {}
    if len(margins) < 2:  # noqa: PLR2004 - no fold tells of another
        return choice
    tried[NONE] = -best / len(truth)
    rarer = min(truth.sum(), len(truth) - truth.sum())
    for name, method in methods.items():
        if rarer < method.outcomes:
            continue
        scaled = _scale_each(method, margins, targets, ordered=ordered)
        found = likelihood(truth, scaled)
        tried[name] = -found / len(truth)
        scaling = fit_scaling(method, margins, targets, ordered=ordered)
        if found > best + WORTH and (rarer >= ENOUGH_TO_STEEPEN or not _is_steep(scaling)):
            best, choice = found, Choice(scaling, scaled, tried)
    return replace(choice, tried=tried)


def _is_steep(scaling: Scaling) -> bool:
    return isinstance(scaling, PlattScaling) and scaling.slope > 1


def fit_scaling(method: Method, margins: Sequence[Floats], targets: Sequence[Floats], *, ordered: bool) -> Scaling:
    """The scaling of these folds; where they are in time order, its shape alone.

    A rate that rose from fold to fold says nothing of where it goes next, and the shipped model has seen the newest
    rows. So each fold is first shifted to its own rate, and the scaling leaves the number of expected conversions as
    it is.
    """
    plain, truth = np.concatenate(margins), np.concatenate(targets)
    if not ordered:
        return method.fit(plain, truth)
    centred = [
        margin + shift_to_expect(float(target.sum()), margin) for margin, target in zip(margins, targets, strict=True)
    ]
    shape = method.fit(np.concatenate(centred), truth)
    return shape.then(1.0, shift_to_expect(float(sigmoid(plain).sum()), shape.apply(plain)))


def _scale_each(method: Method, margins: Sequence[Floats], targets: Sequence[Floats], *, ordered: bool) -> Floats:
    """All folds' margins, each scaled by what other folds say; as they are where there is no other."""
    scaled = []
    for fold, margin in enumerate(margins):
        others = [each for each in range(len(margins)) if (each < fold if ordered else each != fold)]
        if others:
            scaling = fit_scaling(
                method, [margins[each] for each in others], [targets[each] for each in others], ordered=ordered
            )
            scaled.append(scaling.apply(margin))
        else:
            scaled.append(margin)
    return np.concatenate(scaled)


def explain_choice(choice: Choice) -> str:
    """Why margins are calibrated as they are, in a sentence.

    >>> explain_choice(Choice(AS_IS, np.zeros(900), {"none": 0.4, "platt": 0.4005}))
    'Left as the model gives them, by log loss on 900 rows that were not fitted on: 0.4000 as they are, 0.4005 with
    Platt scaling. A finer method must be clearly better.'
    """
    if not choice.tried:
        return "Left as the model gives them: too few rows to hold any back and compare."
    chosen = method_of(choice.scaling)
    how = "Left as the model gives them" if chosen == NONE else f"By {METHODS[chosen].title}"
    losses = [f"{loss:.4f} with {METHODS[name].title}" for name, loss in choice.tried.items() if name != NONE]
    compared = ", ".join([f"{choice.tried[NONE]:.4f} as they are", *losses])
    rows = f"{len(choice.margins):,} rows that were not fitted on"
    return f"{how}, by log loss on {rows}: {compared}. A finer method must be clearly better."


def method_of(scaling: Scaling) -> str:
    """The scaling's name on cards.

    >>> method_of(PlattScaling()), method_of(PlattScaling(0.9))
    ('none', 'platt')
    """
    return NONE if scaling == AS_IS else scaling.method


def likelihood(target: Floats, margin: Floats, weight: Floats | float = 1.0) -> float:
    """Log-likelihood, in nats, of outcomes (1 and 0) under these log-odds."""
    return float(-np.sum(weight * log_losses(target, margin)))
