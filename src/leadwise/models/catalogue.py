"""Which algorithms there are: every file of this room that defines an `Algorithm`."""

import importlib
import inspect
import pkgutil
from functools import cache

import leadwise.models
from leadwise.domain.card import Task
from leadwise.domain.errors import Missing
from leadwise.models.algorithm import Algorithm


class UnknownAlgorithmError(Missing):
    """No algorithm has that name for that task."""

    code = "unknown_algorithm"

    def __init__(self, name: str, task: Task, known: list[str]) -> None:
        self.name, self.task, self.known = name, task, known
        super().__init__(f"There is no algorithm {name!r} for {task} models; choose from {', '.join(known)}.")


@cache
def algorithms() -> dict[str, type[Algorithm]]:
    """All algorithms by name, in the order of their names.

    >>> list(algorithms())
    ['bayesian_logistic_regression', 'ensemble', 'gradient_boosting', 'heuristic', 'linear_regression',
     'logistic_regression', 'neural_network', 'preprocessed', 'random_forest', 'randomised_boosting']
    """
    found = {}
    for module in pkgutil.iter_modules(leadwise.models.__path__, "leadwise.models."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Algorithm) and not inspect.isabstract(value):
                found[value.name] = value
    return dict(sorted(found.items()))


def algorithms_for(task: Task) -> list[str]:
    """The names of the algorithms that compete to predict this.

    >>> algorithms_for(Task.VALUE)
    ['gradient_boosting', 'heuristic', 'linear_regression', 'neural_network', 'random_forest', 'randomised_boosting']
    """
    return [name for name, algorithm in algorithms().items() if task in algorithm.tasks and algorithm.competes]


def get_algorithm(name: str, task: Task) -> type[Algorithm]:
    """The algorithm of that name.

    Raises:
        UnknownAlgorithmError: if there is none for this task.

    >>> get_algorithm("linear_regression", Task.CONVERSION)
    Traceback (most recent call last):
    leadwise.models.catalogue.UnknownAlgorithmError: There is no algorithm 'linear_regression' for conversion models;
    choose from bayesian_logistic_regression, gradient_boosting, heuristic, logistic_regression, neural_network,
    random_forest, randomised_boosting.
    """
    found = algorithms().get(name)
    if found is None or task not in found.tasks:
        raise UnknownAlgorithmError(name, task, algorithms_for(task))
    return found
