"""Expectations under a beta distribution, as sums over a few nodes."""

from functools import lru_cache

import numpy as np

from leadwise.domain.frame import Floats

NODES = 128


@lru_cache(maxsize=4096)
def beta_rule(first: float, second: float, nodes: int = NODES) -> tuple[Floats, Floats]:
    """Nodes in 0..1 and weights that sum to 1: exact for polynomials of degree `2 * nodes - 1` of a beta variable.

    Args:
        first: The distribution's first parameter, above 0: small values draw it to 0.
        second: The second one, above 0.
        nodes: How many.

    Source: Golub and Welsch 1969, Calculation of Gauss Quadrature Rules, with the recurrence of the Jacobi polynomials.

    >>> at, weight = beta_rule(2.0, 3.0)
    >>> round(float(weight @ at), 12), round(float(weight @ at**2), 12)
    (0.4, 0.2)
    """
    from scipy.linalg import eigh_tridiagonal  # noqa: PLC0415 - heavy libraries load when used

    left, right = first - 1, second - 1
    order = np.arange(1, nodes)
    total = 2 * order + left + right
    diagonal = np.append((left - right) / (left + right + 2), (left**2 - right**2) / (total * (total + 2)))
    # At order 1 the last factors, (1 + left + right) above and below, cancel: they may both be 0.
    cancelled = np.append(1.0, (order[1:] + left + right) / (total[1:] - 1))
    squares = 4 * order * (order + left) * (order + right) * cancelled / (total**2 * (total + 1))
    position, vectors = eigh_tridiagonal(diagonal, np.sqrt(squares))
    tiny = np.finfo(np.float64).tiny
    return np.clip((1 + position) / 2, tiny, 1.0), vectors[0] ** 2
