"""Maximum likelihood of parameters that are positive: searched on their logarithms, from several starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadwise.domain.frame import Floats

Likelihood = Callable[[Floats], tuple[float, Floats]]
"""Of parameters: the mean log-likelihood of a customer, and its derivative by each parameter."""

FLAT = 1e-5
"""Slope of a customer's mean log-likelihood, by the logarithm of a parameter, that counts as none."""
NEAR = 1e-3
"""A logarithm this close to a bound stands at it."""


@dataclass(frozen=True)
class Optimum:
    """Where the likelihood is highest.

    Args:
        parameters: In the order of the likelihood's.
        converged: Whether the slope has vanished there.
        at_edge: Names of the parameters that the search would have taken further than it may.
    """

    parameters: tuple[float, ...]
    converged: bool
    at_edge: tuple[str, ...]

    def warning(self, model: str) -> str | None:
        """What to tell the user, if anything.

        >>> Optimum((1.0, 2.0), converged=True, at_edge=()).warning("BG/NBD") is None
        True
        >>> Optimum((1.0, 2.0), converged=True, at_edge=("a",)).warning("BG/NBD")
        'BG/NBD: the data do not settle a; its value is the end of the range searched.'
        """
        if not self.converged:
            return f"{model}: the search for parameters did not converge; do not rely on them, add more transactions."
        if self.at_edge:
            named = " and ".join(self.at_edge)
            return f"{model}: the data do not settle {named}; its value is the end of the range searched."
        return None


def maximise(
    likelihood: Likelihood,
    names: Sequence[str],
    starts: Sequence[Sequence[float]],
    bounds: Sequence[tuple[float, float]],
) -> Optimum:
    """The best of several searches with L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995).

    Args:
        likelihood: What to maximise.
        names: Of the parameters.
        starts: Parameters to search from.
        bounds: Lowest and highest value of each parameter; all positive.

    >>> exponential = lambda rate: (np.log(rate[0]) - 4 * rate[0], 1 / rate - 4)
    >>> found = maximise(exponential, ["rate"], [[1.0]], [(1e-3, 1e3)])
    >>> round(found.parameters[0], 6), found.converged, found.at_edge
    (0.25, True, ())
    """
    from scipy import optimize  # noqa: PLC0415 - heavy libraries load when used

    minimize: Any = optimize.minimize  # its stubs want a one-dimensional shape in the type of every array

    def loss(logarithms: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logarithms)
        value, slope = likelihood(parameters)
        return -value, -slope * parameters

    box = np.log(np.array(bounds))
    options = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8}
    searches = [
        minimize(loss, np.log(start), jac=True, method="L-BFGS-B", bounds=box, options=options) for start in starts
    ]
    best = min(searches, key=lambda search: float(search.fun)).x
    edge = (best < box[:, 0] + NEAR) | (best > box[:, 1] - NEAR)
    slope = np.where(edge, 0.0, loss(best)[1])
    at_edge = tuple(name for name, stuck in zip(names, edge, strict=True) if stuck)
    return Optimum(tuple(np.exp(best).tolist()), bool(np.abs(slope).max() < FLAT), at_edge)
