"""Moving margins, and the contributions that explain them, from one scale to another."""

from collections.abc import Callable

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.models.algorithm import Explanation

Scale = Callable[[Floats], Floats]
KINK = 1e-9
"""So near the base, a scale's slope is that at the base; a kink within it moves nothing by more than that."""
STEPS = 50
DAMPING = 2.0
"""As many evenly split rows more, so that margins which are certain already are not moved without end."""


def logit(probability: Floats) -> Floats:
    """Log-odds of probabilities strictly between 0 and 1.

    >>> logit(np.array([0.5, 0.9])).round(4).tolist()
    [0.0, 2.1972]
    """
    return np.asarray(np.log(probability) - np.log1p(-probability), dtype=np.float64)


def sigmoid(margin: Floats) -> Floats:
    """Probabilities of log-odds, without overflow at either end.

    >>> sigmoid(np.array([-1000.0, 0.0, 2.0])).round(4).tolist()
    [0.0, 0.5, 0.8808]
    """
    half = np.exp(-np.abs(margin))
    return np.where(margin >= 0, 1.0, half) / (1.0 + half)


def log_losses(target: Floats, margin: Floats) -> Floats:
    """Negative log-likelihood, in nats, of each outcome (1, else 0) under its log-odds; without overflow.

    >>> log_losses(np.array([1.0, 0.0]), np.array([0.0, 2.0])).round(4).tolist()
    [0.6931, 2.1269]
    """
    return np.asarray(np.logaddexp(0, np.where(target == 1, -margin, margin)), dtype=np.float64)


def shift_to_expect(conversions: float, margin: Floats, weight: Floats | float = 1.0) -> float:
    """What to add to all margins so that their probabilities add up to so many conversions (Newton's method).

    >>> shift_to_expect(1.5, np.array([0.0, 0.0]))
    1.098...
    """
    shift = 0.0
    for _ in range(STEPS):
        probability = sigmoid(margin + shift)
        surplus = float(np.sum(weight * probability)) - conversions
        step = surplus / (float(np.sum(weight * probability * (1 - probability))) + DAMPING)
        shift -= max(-1.0, min(1.0, step))  # no leap farther than 1: far steps overshoot
    return shift


def rescale(explanation: Explanation, scale: Scale) -> Explanation:
    """The explanation of `scale(margin)` in place of the margin's own.

    Each row's contributions are stretched by the scale's slope between base and margin: they keep their proportions and
    add up exactly (the rescale rule of Shrikumar et al. 2017, section 3.5, on one unit).

    >>> inner = Explanation(np.array([[0.2, 0.1]]), base=0.5)
    >>> outer = rescale(inner, logit)
    >>> float(outer.base + outer.contributions.sum()), float(logit(np.array([0.8]))[0])
    (1.386..., 1.386...)
    """
    shift = explanation.contributions.sum(axis=1)
    outer = scale(explanation.base + np.concatenate([[0.0, KINK], shift]))
    base, beside = outer[0], outer[1]
    flat = np.abs(shift) < KINK
    slope = np.where(flat, (beside - base) / KINK, (outer[2:] - base) / np.where(flat, 1.0, shift))
    return Explanation(explanation.contributions * slope[:, None], float(base))
