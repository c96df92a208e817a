"""Scalings: the ways in which a model's log-odds become log-odds that mean what they say.

Each is a rising curve over log-odds, so it never changes who comes before whom, and is plain numbers in a model file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.models.algorithm import Explanation
from leadwise.models.margins import rescale


class Scaling(Protocol):
    """What calibrates a model's log-odds."""

    method: ClassVar[str]
    """Its name in model files and on cards."""

    def apply(self, margin: Floats) -> Floats:
        """Calibrated log-odds of any shape."""

    def explain(self, explanation: Explanation) -> Explanation:
        """The contributions to calibrated log-odds, of those to the model's own; they add up as exactly."""

    def then(self, slope: float, intercept: float) -> Self:
        """This scaling with its calibrated log-odds stretched and shifted: still of the same kind."""


@dataclass(frozen=True)
class PlattScaling:
    """Calibrated log-odds are `slope * margin + intercept`: two parameters.

    Source: Platt 1999, Probabilistic outputs for support vector machines, section 2.2; on log-odds.

    >>> PlattScaling(0.5, 0.1).then(2, 1)
    PlattScaling(slope=1.0, intercept=1.2)
    """

    method: ClassVar[str] = "platt"

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, margin: Floats) -> Floats:
        """Calibrated log-odds."""
        return self.slope * margin + self.intercept

    def explain(self, explanation: Explanation) -> Explanation:
        """All contributions stretch alike."""
        base = self.slope * explanation.base + self.intercept
        return Explanation(self.slope * explanation.contributions, base)

    def then(self, slope: float, intercept: float) -> Self:
        """One line after another is a line."""
        return type(self)(slope * self.slope, slope * self.intercept + intercept)


@dataclass(frozen=True)
class BetaScaling:
    """Calibrated log-odds are `a * ln p - b * ln(1 - p) + c`: low and high probabilities stretch differently.

    Source: Kull, Silva Filho and Flach 2017, Beta calibration, equation 3. With `a = b` it is Platt scaling.

    >>> BetaScaling(0.5, 0.5, 0.1).apply(np.array([2.0])), PlattScaling(0.5, 0.1).apply(np.array([2.0]))
    (array([1.1]), array([1.1]))
    """

    method: ClassVar[str] = "beta"

    a: float
    b: float
    c: float

    def apply(self, margin: Floats) -> Floats:
        """Calibrated log-odds."""
        # ln(1 - p) is ln p - margin, so one logarithm does
        return np.asarray(self.b * margin + (self.b - self.a) * np.logaddexp(0, -margin) + self.c)

    def explain(self, explanation: Explanation) -> Explanation:
        """Each row's contributions keep their proportions."""
        return rescale(explanation, self.apply)

    def then(self, slope: float, intercept: float) -> Self:
        """All three are linear in what comes out."""
        return type(self)(slope * self.a, slope * self.b, slope * self.c + intercept)


@dataclass(frozen=True)
class CurveScaling:
    """Calibrated log-odds lie on straight lines between knots, and run on at `slope` beyond the first and the last.

    Args:
        margins: The knots' margins, rising.
        log_odds: Their calibrated log-odds, rising.
        slope: Above 0.

    >>> CurveScaling((-1.0, 1.0), (-3.0, 1.0)).apply(np.array([-2.0, 0.0, 4.0])).tolist()
    [-4.0, -1.0, 4.0]
    """

    method: ClassVar[str] = "curve"

    margins: tuple[float, ...]
    log_odds: tuple[float, ...]
    slope: float = 1.0

    def __post_init__(self) -> None:
        if len(self.margins) != len(self.log_odds) or (np.diff([self.margins, self.log_odds]) < 0).any():
            message = "a curve's knots must rise"
            raise ValueError(message)

    def apply(self, margin: Floats) -> Floats:
        """Calibrated log-odds."""
        outside = np.minimum(margin - self.margins[0], 0.0) + np.maximum(margin - self.margins[-1], 0.0)
        return np.asarray(np.interp(margin, self.margins, self.log_odds) + self.slope * outside)

    def explain(self, explanation: Explanation) -> Explanation:
        """Each row's contributions keep their proportions."""
        return rescale(explanation, self.apply)

    def then(self, slope: float, intercept: float) -> Self:
        """The same knots, elsewhere."""
        log_odds = tuple(slope * each + intercept for each in self.log_odds)
        return type(self)(self.margins, log_odds, slope * self.slope)


AS_IS = PlattScaling()
"""Leaves margins as they are."""
_KINDS: Mapping[str, type[Any]] = {kind.method: kind for kind in (PlattScaling, BetaScaling, CurveScaling)}


def beta_columns(margin: Floats) -> Floats:
    """`ln p`, `-ln(1 - p)` and 1 of each margin, shape (..., 3): what beta calibration is linear in."""
    return np.stack([-np.logaddexp(0, -margin), np.logaddexp(0, margin), np.ones_like(margin)], axis=-1)


def describe_scaling(scaling: Scaling) -> dict[str, Any]:
    """The scaling as plain values, for a model file.

    >>> describe_scaling(PlattScaling(0.9, 0.1))
    {'method': 'platt', 'slope': 0.9, 'intercept': 0.1}
    """
    return {"method": scaling.method, **vars(scaling)}


def build_scaling(described: Mapping[str, Any]) -> Scaling:
    """The scaling that `describe_scaling` described; without a method (older files) it is Platt scaling.

    Raises:
        KeyError, TypeError, ValueError: if it describes none.

    >>> build_scaling({"slope": 0.9, "intercept": 0.1})
    PlattScaling(slope=0.9, intercept=0.1)
    """
    values = dict(described)
    kind = _KINDS[values.pop("method", PlattScaling.method)]
    scaling: Scaling = kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    )
    return scaling
