"""Scalings learnt from margins of rows that were not trained on, and what became of them.

All are drawn towards leaving margins as they are, by a few rows' worth, so that few rows change little.
"""

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.models.margins import logit, sigmoid
from leadwise.training.scalings import BetaScaling, CurveScaling, PlattScaling, beta_columns

PRIOR_STRENGTH = 2.0
"""How hard slope 1 and intercept 0 are held to; soon outweighed: a few rows' worth."""
STEPS = 50
BIN_OUTCOMES = 50
"""A curve has a bin for each so many of the rarer outcome."""
FEWEST_BINS, MOST_BINS = 2, 40
BIN_PRIOR_ROWS = 10.0
"""So many rows that went as foretold are added to each bin of a curve."""


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
    columns = np.column_stack([margin, np.ones(len(margin))])
    slope, intercept = _most_likely(columns, np.array([1.0, 0.0]), target, weight)
    # A model that ranks backwards says nothing, not the opposite.
    return PlattScaling(max(float(slope), 0.0), float(intercept))


def fit_shift(margin: Floats, target: Floats) -> PlattScaling:
    """The intercept alone: what repairs a rate that has moved.

    >>> fit_shift(np.zeros(4000), np.arange(4000) % 4 == 0).intercept
    -1.09...
    """
    column = np.ones((len(margin), 1))
    (intercept,) = _most_likely(column, np.zeros(1), target, offset=margin)
    return PlattScaling(1.0, float(intercept))


def fit_beta(margin: Floats, target: Floats) -> BetaScaling:
    """Beta calibration; a plain line where the curve would turn round, so that it always rises."""
    a, b, c = _most_likely(beta_columns(margin), np.array([1.0, 1.0, 0.0]), target)
    if min(a, b) > 0:
        return BetaScaling(float(a), float(b), float(c))
    line = fit_platt(margin, target)
    return BetaScaling(line.slope, line.slope, line.intercept)


def fit_curve(margin: Floats, target: Floats) -> CurveScaling:
    """Straight lines through the centres of isotonic regression's steps, on log-odds: it rises everywhere.

    Rows are put into bins of about equal size first, and each bin is drawn a little towards what was foretold, so that
    no step is at probability 0 or 1.

    Source: Oron and Flournoy 2017, Centered isotonic regression, section 2.2.

    >>> margin = np.linspace(-4, 4, 20_000)
    >>> target = (np.random.default_rng(0).random(20_000) < sigmoid(np.minimum(margin, 1.0))).astype(float)
    >>> fit_curve(margin, target).apply(np.array([-1.0, 0.5, 3.0])).round(1).tolist()
    [-1.0, 0.5, 1.0]
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - heavy libraries load when used

    rarer = min(target.sum(), len(target) - target.sum())
    bins = int(np.clip(rarer // BIN_OUTCOMES, FEWEST_BINS, MOST_BINS))
    inner_edges = np.quantile(margin, np.arange(1, bins) / bins)
    _, place = np.unique(np.searchsorted(inner_edges, margin), return_inverse=True)  # equal margins share a bin
    rows = np.bincount(place)
    foretold = np.bincount(place, sigmoid(margin)) / rows
    weight = rows + BIN_PRIOR_ROWS
    rising = isotonic_regression((np.bincount(place, target) + BIN_PRIOR_ROWS * foretold) / weight, weights=weight)
    step = np.repeat(np.arange(len(rising.blocks) - 1), np.diff(rising.blocks))[place]
    knots, first = np.unique(np.bincount(step, margin) / np.bincount(step), return_index=True)
    return CurveScaling(tuple(knots.tolist()), tuple(logit(rising.x[rising.blocks[:-1]])[first].tolist()))


def _most_likely(
    columns: Floats, centre: Floats, target: Floats, weight: Floats | None = None, offset: Floats | float = 0.0
) -> Floats:
    """The parameters with which `offset + columns @ parameters` are the most likely log-odds, drawn towards `centre`.

    Newton's method. Shapes: columns (rows, parameters), centre (parameters,).
    """
    counts = np.ones(len(columns)) if weight is None else weight
    parameters = centre.copy()
    for _ in range(STEPS):
        probability = sigmoid(offset + columns @ parameters)
        gradient = columns.T @ (counts * (probability - target)) + PRIOR_STRENGTH * (parameters - centre)
        spread = counts * probability * (1 - probability)
        curvature = columns.T @ (columns * spread[:, None]) + PRIOR_STRENGTH * np.eye(len(centre))
        step = np.linalg.solve(curvature, gradient)
        parameters -= step / max(1.0, float(np.abs(step).max()))  # no leap farther than 1: far steps overshoot
        if float(np.abs(step).max()) < 1e-10:  # noqa: PLR2004 - nothing moves any more
            break
    return parameters
