"""Whether what comes in now is like what a model learnt from: population stability index over bins that training fixed.

PSI = sum over bins of (now - then) * ln(now / then); up to 0.1 nothing has moved, from 0.25 on it has moved a lot
(Siddiqi, Credit Risk Scorecards, 2006, chapter 6).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeGuard

import numpy as np
from pydantic import BaseModel, ConfigDict

from leadwise.domain.frame import Floats

Value = float | bool | str | None
MOVED, MOVED_A_LOT = 0.1, 0.25
FEWEST = 200
"""With fewer rows now, chance alone moves the index this far."""
BINS, MOST_LEVELS = 10, 20
SMALLEST_SHARE = 1e-4
"""Stands in for a share of none, whose logarithm there is not."""


class Shape(BaseModel):
    """How the values of one column were spread: the share of rows in each bin, then of rows without a value.

    Numbers fall into bins between edges; labels are counted by themselves, those not listed together.
    """

    model_config = ConfigDict(frozen=True)

    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...]

    def psi(self, values: Sequence[Value]) -> float:
        """The index of values that came since."""
        now = _floored(_shares(values, np.array(self.edges), self.levels))
        then = _floored(np.array(self.shares))
        return float(np.sum((now - then) * np.log(now / then)))


def shape_of(values: Sequence[Value]) -> Shape:
    """How these values are spread.

    >>> shape_of(["a", "a", "b", None]).shares
    (0.5, 0.25, 0.0, 0.25)
    >>> round(shape_of([1, 2, 3, 4] * 50).psi([4] * 200), 2) > MOVED_A_LOT
    True
    """
    numbers = [float(value) for value in values if _is_number(value)]
    if numbers:
        edges = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]))
        return Shape(edges=tuple(edges.tolist()), shares=tuple(_shares(values, edges, ()).tolist()))
    counted = Counter(str(value) for value in values if value is not None)
    levels = tuple(sorted(level for level, _ in counted.most_common(MOST_LEVELS)))
    return Shape(levels=levels, shares=tuple(_shares(values, np.array([]), levels).tolist()))


def judge(psi: float, rows: int) -> Literal["stable", "moved", "moved a lot", "too few rows"]:
    """What an index means.

    >>> judge(0.02, 500), judge(0.3, 500), judge(0.3, 20)
    ('stable', 'moved a lot', 'too few rows')
    """
    if rows < FEWEST:
        return "too few rows"
    return "stable" if psi < MOVED else "moved" if psi < MOVED_A_LOT else "moved a lot"


def _shares(values: Sequence[Value], edges: Floats, levels: Sequence[str]) -> Floats:
    counts = np.zeros((len(levels) if levels else len(edges)) + 2)
    for value in values:
        if value is None:
            counts[-1] += 1
        elif levels:
            counts[levels.index(str(value)) if str(value) in levels else -2] += 1
        else:
            counts[np.searchsorted(edges, float(value), side="right") if _is_number(value) else -2] += 1
    return counts / max(len(values), 1)


def _floored(shares: Floats) -> Floats:
    return np.maximum(shares, SMALLEST_SHARE)


def _is_number(value: Value) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
