"""Log-odds that mean what they say: Platt scaling, and the tables that show whether it held."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import Calibration, Interval, ReliabilityBand
from leadwise.domain.frame import Floats
from leadwise.models.margins import sigmoid

PRIOR_STRENGTH = 2.0
"""How hard slope 1 and intercept 0 are held to; soon outweighed: a few rows' worth."""
WORTH = 2.0
"""A scaling has two parameters; it must gain one unit of log-likelihood for each (Akaike 1974)."""
STEPS = 50
BANDS = 10
Z95 = 1.959964
PASS_LEVEL = 0.01
PER = 1000
"""Rates are told as so many of a thousand leads."""


@dataclass(frozen=True)
class PlattScaling:
    """Calibrated log-odds are `slope * margin + intercept`; contributions stretch by the slope, so they still add up.

    Source: Platt 1999, Probabilistic outputs for support vector machines, section 2.2; on log-odds.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, margin: Floats) -> Floats:
        """Calibrated log-odds."""
        return self.slope * margin + self.intercept


def fit_platt(margin: Floats, target: Floats, weight: Floats | None = None) -> PlattScaling:
    """The scaling that makes these margins most likely, drawn towards leaving them as they are.

    Args:
        margin: Log-odds for rows that were not trained on.
        target: 1 won, 0 not.
        weight: How much each row counts; None: all count 1.

    >>> margin = np.linspace(-4, 4, 2000)
    >>> overconfident = fit_platt(2 * margin, (np.random.default_rng(0).random(2000) < sigmoid(margin)).astype(float))
    >>> bool(0.4 < overconfident.slope < 0.6)
    True
    """
    counts = np.ones(len(margin)) if weight is None else weight
    columns = np.column_stack([margin, np.ones(len(margin))])
    centre = np.array([1.0, 0.0])
    parameters = centre.copy()
    for _ in range(STEPS):
        probability = sigmoid(columns @ parameters)
        gradient = columns.T @ (counts * (probability - target)) + PRIOR_STRENGTH * (parameters - centre)
        spread = counts * probability * (1 - probability)
        curvature = columns.T @ (columns * spread[:, None]) + PRIOR_STRENGTH * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        parameters -= step / max(1.0, float(np.abs(step).max()))  # no leap farther than 1: far steps overshoot
        if float(np.abs(step).max()) < 1e-10:  # noqa: PLR2004 - nothing moves any more
            break
    slope = max(float(parameters[0]), 0.0)  # a model that ranks backwards says nothing, not the opposite
    return PlattScaling(slope, float(parameters[1]))


def choose_scaling(
    margins: Sequence[Floats], targets: Sequence[Floats], *, ordered: bool
) -> tuple[PlattScaling, Floats]:
    """The scaling to use, and all folds' log-odds as it would have made them, in the folds' order.

    Each fold is scaled by what the other folds say; where they are in time order, by the earlier ones alone. If that
    does not lower the log loss, margins are left as they are: a scaling that only follows last season's rate does harm.

    Args:
        margins: By fold, of rows that were not fitted on.
        targets: Of the same rows.
        ordered: Whether the folds are in time order.
    """
    plain, truth = np.concatenate(margins), np.concatenate(targets)
    scaled = np.concatenate([_scaled(fold, margins, targets, ordered=ordered) for fold in range(len(margins))])
    if _likelihood(truth, scaled) <= _likelihood(truth, plain) + WORTH:
        return PlattScaling(), plain
    return _fit_scaling(margins, targets, ordered=ordered), scaled


def _fit_scaling(margins: Sequence[Floats], targets: Sequence[Floats], *, ordered: bool) -> PlattScaling:
    """Platt scaling; where folds are in time order, of the slope alone.

    A rate that rose from fold to fold says nothing of where it goes next, and the shipped model has seen the newest
    rows. So each fold has an intercept of its own, and the scaling leaves the number of expected conversions as it is.
    """
    plain, truth = np.concatenate(margins), np.concatenate(targets)
    if not ordered:
        return fit_platt(plain, truth)
    centred = [
        margin + _shift_to_expect(float(target.sum()), margin) for margin, target in zip(margins, targets, strict=True)
    ]
    slope = fit_platt(np.concatenate(centred), truth).slope
    return PlattScaling(slope, _shift_to_expect(float(sigmoid(plain).sum()), slope * plain))


def _shift_to_expect(conversions: float, margin: Floats) -> float:
    """What to add to all margins so that their probabilities add up to so many conversions (Newton's method)."""
    shift = 0.0
    for _ in range(STEPS):
        probability = sigmoid(margin + shift)
        surplus = float(probability.sum()) - conversions
        step = surplus / (float(np.sum(probability * (1 - probability))) + PRIOR_STRENGTH)
        shift -= max(-1.0, min(1.0, step))  # no leap farther than 1: far steps overshoot
    return shift


def _scaled(fold: int, margins: Sequence[Floats], targets: Sequence[Floats], *, ordered: bool) -> Floats:
    """A fold's margins, scaled by what other folds say; as they are where there is no other."""
    others = [each for each in range(len(margins)) if (each < fold if ordered else each != fold)]
    if not others:
        return margins[fold]
    scaling = _fit_scaling([margins[each] for each in others], [targets[each] for each in others], ordered=ordered)
    return scaling.apply(margins[fold])


def reliability_table(target: Floats, probability: Floats) -> tuple[ReliabilityBand, ...]:
    """What became of the rows in each tenth of probability; bands without rows are left out."""
    band = np.minimum((probability * BANDS).astype(np.int64), BANDS - 1)
    return tuple(
        _band(number / BANDS, (number + 1) / BANDS, target[band == number], probability[band == number])
        for number in np.unique(band)
    )


def _band(low: float, high: float, target: Floats, probability: Floats) -> ReliabilityBand:
    won, rows = int(target.sum()), len(target)
    return ReliabilityBand(
        low=low,
        high=high,
        count=rows,
        predicted=float(probability.mean()),
        observed=won / rows,
        observed_interval=wilson_interval(won, rows),
        sentence=f"Of {rows:,} leads scored {low:.0%} to {high:.0%}, {won:,} converted.",
    )


def wilson_interval(won: int, rows: int) -> Interval:
    """95% interval of a rate (Wilson 1927).

    >>> tuple(round(end, 3) for end in wilson_interval(8, 10))
    (0.49, 0.943)
    """
    rate, square = won / rows, Z95**2
    centre = (rate + square / (2 * rows)) / (1 + square / rows)
    half = Z95 * np.sqrt(rate * (1 - rate) / rows + square / (4 * rows**2)) / (1 + square / rows)
    return float(max(centre - half, 0.0)), float(min(centre + half, 1.0))


def check_calibration(
    target: Floats,
    margin: Floats,
    scaling: PlattScaling,
    *,
    group: NDArray[np.int64] | None = None,
    held_out: bool = True,
) -> Calibration:
    """Whether rows contradict the calibrated log-odds.

    A line through them, `a * margin + b`, is compared with the promised `a = 1, b = 0` by a likelihood ratio with two
    degrees of freedom (Cox 1958; Miller et al. 1991).

    Args:
        target: 1 won, 0 not.
        margin: Calibrated log-odds.
        scaling: What calibrated them.
        group: A label for each row. Rows of one lead tell of one outcome, so together they count as one.
        held_out: Whether the model had not seen the rows.
    """
    from scipy.stats import chi2  # noqa: PLC0415 - heavy libraries load when used

    weight = _weight_by_group(group, len(target))
    fitted = fit_platt(margin, target, weight).apply(margin)
    gain = _likelihood(target, fitted, weight) - _likelihood(target, margin, weight)
    p_value = float(chi2.sf(2 * gain, df=2))
    passed = p_value >= PASS_LEVEL
    expected, won = sigmoid(margin).sum(), target.sum()
    verdict = (
        "the probabilities can be taken at their word" if passed else "do not take the probabilities at their word"
    )
    return Calibration(
        method="none" if scaling == PlattScaling() else "platt",
        slope=scaling.slope,
        intercept=scaling.intercept,
        passed=passed,
        p_value=min(p_value, 1.0),
        sentence=(
            f"On {len(target):,} {'rows' if group is not None else 'leads'} that the model had "
            f"{'not ' if held_out else ''}seen, it expected {expected:,.0f} conversions and {won:,.0f} happened: "
            f"{verdict}."
        ),
    )


def _weight_by_group(group: NDArray[np.int64] | None, rows: int) -> Floats:
    """Weights that add up to 1 within each group."""
    if group is None:
        return np.ones(rows)
    _, label, size = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / size[label])


def _likelihood(target: Floats, margin: Floats, weight: Floats | float = 1.0) -> float:
    return float(-np.sum(weight * np.logaddexp(0, np.where(target == 1, -margin, margin))))
