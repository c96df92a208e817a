"""Who competes: the algorithms that were asked for, or rules where there is too little to learn from."""

import numpy as np

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats
from leadwise.models.catalogue import algorithms_for, get_algorithm
from leadwise.training.options import FitOptions

ENOUGH_OUTCOMES = 10
"""With fewer conversions, or fewer leads without one, nothing can be learnt that rules do not know better."""
ENOUGH_AMOUNTS = 20
RULES = "heuristic"
ORDER = (
    RULES,
    "linear_regression",
    "logistic_regression",
    "gradient_boosting",
    "randomised_boosting",
    "random_forest",
    "neural_network",
)
"""Quick and sound ones first, so that the emergency brake leaves something good."""


def requested(options: FitOptions) -> tuple[str, ...]:
    """The names of the algorithms that were asked for (none: all), in the order in which they are tried.

    Raises:
        UnknownAlgorithmError: if there is none of that name for this task.

    >>> requested(FitOptions("won", algorithms=("random_forest", "heuristic")))
    ('heuristic', 'random_forest')
    """
    task = Task.VALUE if options.value else Task.CONVERSION
    for name in options.algorithms:
        get_algorithm(name, task)
    chosen = set(options.algorithms or algorithms_for(task))
    return tuple(sorted(chosen, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)))


def competitors(options: FitOptions, target: Floats) -> tuple[str, ...]:
    """Those that compete for a target (1 and 0, or amounts, all known): rules alone where there is too little to learn.

    >>> competitors(FitOptions("won"), np.zeros(40))
    ('heuristic',)
    """
    task = Task.VALUE if options.value else Task.CONVERSION
    return requested(options) if is_enough(task, target) else (RULES,)


def is_enough(task: Task, target: Floats) -> bool:
    """Whether there are enough outcomes to learn from."""
    if task is Task.VALUE:
        return len(target) >= ENOUGH_AMOUNTS
    won = int(np.sum(target))
    return min(won, len(target) - won) >= ENOUGH_OUTCOMES
