"""What is drawn of one field for all leads, and what draws may look at."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadwise.blueprints.part import LogOdds, Part, Share

Floats = NDArray[np.float64]
Seconds = NDArray[np.int64]
"""Instants as whole seconds since 1970, UTC."""
Values = NDArray[Any]
"""Floats with NaN, or objects (text, bool) with None, where nothing is given."""


@dataclass(frozen=True)
class Drawn:
    """One field of all leads; one entry per lead in each array.

    Args:
        values: What the field holds.
        score: How far above the usual, in standard deviations; 0 for what has no order.
        log_odds: What it does to the chance of a win.
    """

    values: Values
    score: Floats
    log_odds: Floats


@dataclass
class Drawing:
    """The leads whose fields are being drawn, and the fields that are drawn already."""

    rng: np.random.Generator
    arrivals: Seconds
    drawn: dict[str, Drawn] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many leads."""
        return len(self.arrivals)


class FieldDraw(Part):
    """What all ways to draw a field have in common."""

    missing: Share = 0.0
    """How often it is not given, by pure chance."""
    missing_effect: LogOdds = 0.0
    """What that does; a value that is not given does nothing else."""
    only_if: str | None = None
    """A yes-or-no field without whose yes there is nothing here (no, where this is a yes or no)."""

    @property
    def sources(self) -> frozenset[str]:
        """The fields that must be drawn before."""
        return frozenset({self.only_if} if self.only_if else ())


def without_effect(values: Values) -> Drawn:
    """A field that says nothing of the chance."""
    nothing = np.zeros(len(values))
    return Drawn(values, nothing, nothing)


def chosen(rng: np.random.Generator, shares: dict[str, float], count: int) -> NDArray[np.int64]:
    """For each lead the position of one of the labels, each as often as its share of all shares."""
    weights = np.array(list(shares.values()), dtype=np.float64)
    return rng.choice(len(weights), size=count, p=weights / weights.sum()).astype(np.int64)


def texts(values: list[str]) -> Values:
    """The texts as an array of objects."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
