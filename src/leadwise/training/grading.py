"""Grades, and what to do by grade: bounds come from validation, and are shown with what became of such test leads."""

from collections.abc import Mapping

import numpy as np

from leadwise.domain.card import Grade, ValueBand
from leadwise.domain.frame import Floats

SHARES = (("A", 0.1), ("B", 0.3), ("C", 0.6))
"""The best tenth is A, the next fifth B, the next three tenths C, the rest D."""
MOST_TIMES_THE_SHARE = 2.0


def grade_bounds(probability: Floats) -> dict[str, float]:
    """The lowest probability of each grade.

    Where many leads share one probability, a bound that would let in more than twice the share moves above them.

    >>> grade_bounds(np.arange(101) / 100)
    {'A': 0.9, 'B': 0.7, 'C': 0.4, 'D': 0.0}
    """
    bounds: dict[str, float] = {}
    for grade, share in SHARES:
        bound = float(np.quantile(probability, 1 - share, method="lower"))
        above = probability[probability > bound]
        if np.mean(probability >= bound) > MOST_TIMES_THE_SHARE * share:
            bound = float(above.min()) if above.size else 1.0
        bounds[grade] = min([bound, *bounds.values()])
    return {**bounds, "D": 0.0}


def grade_of(probability: Floats, bounds: Mapping[str, float]) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    """The grade of each probability.

    >>> grade_of(np.array([0.95, 0.1]), {"A": 0.9, "B": 0.7, "C": 0.4, "D": 0.0}).tolist()
    ['A', 'D']
    """
    names = np.array(list(bounds))
    lowest = np.array(list(bounds.values()))
    return np.asarray(names[np.argmax(probability[:, None] >= lowest, axis=1)])


def describe_grades(
    bounds: Mapping[str, float], target: Floats, probability: Floats, actions: Mapping[str, str]
) -> tuple[Grade, ...]:
    """Each grade with the test rows that it got, how many of them converted, and what to do."""
    grades = grade_of(probability, bounds)
    return tuple(
        Grade(
            grade=grade,
            minimum_probability=minimum,
            count=int((grades == grade).sum()),
            share=float((grades == grade).mean()) if grades.size else 0.0,
            observed=float(target[grades == grade].mean()) if (grades == grade).any() else None,
            action=actions[grade],
        )
        for grade, minimum in bounds.items()
    )


def name_grades(bounds: Mapping[str, float], actions: Mapping[str, str]) -> tuple[Grade, ...]:
    """Each grade and what to do, while nobody knows what becomes of such leads."""
    return describe_grades(bounds, np.zeros(0), np.zeros(0), actions)


def value_bands(value: Floats, smallest: float, actions: Mapping[str, str]) -> tuple[ValueBand, ...]:
    """What to do by predicted amount: the same shares as grades have."""
    bounds = {**{grade: float(np.quantile(value, 1 - share)) for grade, share in SHARES}, "D": smallest}
    return tuple(ValueBand(minimum_value=minimum, action=actions[grade]) for grade, minimum in bounds.items())
