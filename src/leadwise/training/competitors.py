"""Who competes: it depends on how much there is to learn from. Never too little for an answer; simple ones first."""

from enum import StrEnum

import numpy as np

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats
from leadwise.models.catalogue import algorithms_for, get_algorithm
from leadwise.training.options import FitOptions

ENOUGH_OUTCOMES = 40
"""From so many of either outcome on, a test set can be held back and algorithms can be told apart."""
FEWEST_FOR_ANY = 10
"""With fewer of either outcome, an algorithm that knows nothing beforehand learns by heart, so it is not even tried."""
ENOUGH_AMOUNTS = 20
RULES, BAYESIAN = "heuristic", "bayesian_logistic_regression"
ORDER = (
    RULES,
    "linear_regression",
    "logistic_regression",
    "gradient_boosting",
    BAYESIAN,
    "random_forest",
    "randomised_boosting",
    "neural_network",
)
"""Quick and sound ones first, so that the emergency brake leaves something good."""
OPENS_AT = {"gradient_boosting": 100, "random_forest": 100, "neural_network": 300}
"""From so many of either outcome on, what can fit almost anything enters by itself: on fewer it wins by chance."""


class Rung(StrEnum):
    """A step of the ladder from no data to plenty."""

    RULES = "rules"
    """Outcomes are all alike, or unknown: only what is known of leads in general speaks."""
    FEW = "few"
    """Outcomes move what is known of leads in general; too few to hold any back."""
    ENOUGH = "enough"
    """Algorithms compete, and a test set is held back."""


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
    """Those that compete for a target (1 and 0, or amounts), by how many of either outcome it has.

    >>> competitors(FitOptions("won"), np.zeros(40))
    ('heuristic',)
    >>> competitors(FitOptions("won"), np.arange(40) % 2.0)
    ('bayesian_logistic_regression',)
    >>> competitors(FitOptions("won"), np.arange(100) % 2.0)
    ('heuristic', 'logistic_regression', 'bayesian_logistic_regression', 'randomised_boosting')
    """
    task = Task.VALUE if options.value else Task.CONVERSION
    names, step = requested(options), rung(task, target)
    if step is Rung.RULES:
        return (BAYESIAN,) if options.prior else (RULES,)
    if task is Task.VALUE:
        return names
    rarer = _rarer(target)
    if options.algorithms:
        return names if rarer >= FEWEST_FOR_ANY or not set(names) - {RULES, BAYESIAN} else (BAYESIAN,)
    if step is Rung.FEW:
        return (BAYESIAN,)
    return tuple(name for name in names if rarer >= OPENS_AT.get(name, 0))


def rung(task: Task, target: Floats) -> Rung:
    """How far up the ladder these outcomes reach; NaN stands for an outcome that is not known.

    >>> rung(Task.CONVERSION, np.array([1.0, 0.0, 0.0])), rung(Task.VALUE, np.arange(20.0))
    (<Rung.FEW: 'few'>, <Rung.ENOUGH: 'enough'>)
    """
    if task is Task.VALUE:
        return Rung.ENOUGH if len(target) >= ENOUGH_AMOUNTS else Rung.RULES
    rarer = _rarer(target)
    return Rung.ENOUGH if rarer >= ENOUGH_OUTCOMES else Rung.FEW if rarer else Rung.RULES


def _rarer(target: Floats) -> int:
    """How many there are of the rarer outcome."""
    return int(min(np.sum(target == 1), np.sum(target == 0)))
