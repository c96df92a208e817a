"""Laplace's approximation of a logistic regression's posterior: its mode, and how well the belief fits the data."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.models.margins import log_losses, sigmoid

STEPS = 50
HALVINGS = 12
TOLERANCE = 1e-9
SMALLEST_REST = 1e-9
"""Of what is known of a row's margin, the least that can come from elsewhere than from that row."""


@dataclass(frozen=True)
class Observations:
    """What was seen, and what would be said of it without any coefficient.

    Args:
        target: 1 and 0, shape (rows,).
        offset: Log-odds with all coefficients 0, shape (rows,).
        weight: How much each row counts, shape (rows,).
    """

    target: Floats
    offset: Floats
    weight: Floats

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Those rows alone."""
        return type(self)(self.target[rows], self.offset[rows], self.weight[rows])


@dataclass(frozen=True)
class Posterior:
    """Where coefficients probably are, and the evidence for the belief that they were drawn from.

    Args:
        mode: The most probable coefficients, shape (columns,).
        log_evidence: Log-probability of the target under the belief; beliefs are compared by it.
        moderation: The part of a new row's margin that is left, on average, once it is averaged over all coefficients
            that are possible: the less was seen, the less; near 1 where much was.
    """

    mode: Floats
    log_evidence: float
    moderation: float


def posterior(columns: Floats, seen: Observations) -> Posterior:
    """The posterior of coefficients that were believed to be standard normal.

    Margins are `seen.offset + columns @ coefficients`; columns carry the scale of the belief.

    Args:
        columns: Shape (rows, columns); either may be the larger.
        seen: The observations.

    Source: MacKay 1992, The evidence framework applied to classification networks, equation 8 for the moderation;
    Rasmussen and Williams 2006, equation 3.32 for the evidence.

    >>> seen = Observations(np.array([1.0, 1.0, 1.0, 0.0]), np.zeros(4), np.ones(4))
    >>> posterior(np.ones((4, 1)), seen).mode.round(2).tolist()
    [0.51]
    """
    rows, width = columns.shape
    if width <= rows:
        return _newton(columns, seen)
    turned, small = np.linalg.qr(columns.T)  # the mode lies in the span of the rows: no more unknowns than rows
    found = _newton(small.T, seen)
    return Posterior(turned @ found.mode, found.log_evidence, found.moderation)


def _newton(columns: Floats, seen: Observations) -> Posterior:
    """Newton's method, halving steps that would not lower the loss."""
    mode = np.zeros(columns.shape[1])
    loss = _loss(columns, seen, mode)
    for _ in range(STEPS):
        probability = sigmoid(seen.offset + columns @ mode)
        gradient = columns.T @ (seen.weight * (probability - seen.target)) + mode
        step = np.linalg.solve(_curvature(columns, seen, probability), gradient)
        for _ in range(HALVINGS):
            lower = _loss(columns, seen, mode - step)
            if lower <= loss:
                break
            step /= 2
        if loss - lower < TOLERANCE:
            break
        mode, loss = mode - step, lower
    probability = sigmoid(seen.offset + columns @ mode)
    curvature = _curvature(columns, seen, probability)
    log_evidence = -loss - 0.5 * float(np.linalg.slogdet(curvature).logabsdet)
    return Posterior(mode, log_evidence, _moderation(columns, seen.weight * probability * (1 - probability), curvature))


def _loss(columns: Floats, seen: Observations, mode: Floats) -> float:
    """Minus the log-posterior, without its constant."""
    margin = seen.offset + columns @ mode
    return float(seen.weight @ log_losses(seen.target, margin) + 0.5 * mode @ mode)


def _curvature(columns: Floats, seen: Observations, probability: Floats) -> Floats:
    spread = seen.weight * probability * (1 - probability)
    return np.asarray((columns * spread[:, None]).T @ columns + np.eye(columns.shape[1]))


def _moderation(columns: Floats, information: Floats, curvature: Floats) -> float:
    """The mean over rows, each of them new to a posterior that the others alone have formed."""
    variance = np.einsum("ij,ji->i", columns, np.linalg.solve(curvature, columns.T))
    variance /= np.maximum(1 - information * variance, SMALLEST_REST)
    return float(np.mean(1 / np.sqrt(1 + np.pi / 8 * variance)))
