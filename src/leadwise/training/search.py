"""Hyperparameter search: further settings of each algorithm, on the same folds as everything else.

All algorithms are tried first with their defaults and with what suits the target, then each with its next settings, and
so on in turns: wherever the budget ends, none was left out for the sake of a search.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product, zip_longest
from typing import Any

import numpy as np

from leadwise.domain.card import SearchTrial
from leadwise.domain.preprocessing import Preprocessing
from leadwise.models.algorithm import Algorithm, Settings
from leadwise.models.bayesian_logistic_regression import BayesianLogisticRegression
from leadwise.models.catalogue import algorithms_for, get_algorithm
from leadwise.models.preprocessed import Preprocessed
from leadwise.training.budget import affordable_rounds
from leadwise.training.material import Material
from leadwise.training.options import FitOptions, SearchStyle
from leadwise.training.validation import Contender, winner

DEFAULT_TRIALS = 10
Choice = tuple[type[Algorithm], Settings]


@dataclass(frozen=True)
class Trial:
    """An algorithm, unfitted, with the settings that are to be tried."""

    name: str
    algorithm: Algorithm


def plan_trials(names: Sequence[str], material: Material, options: FitOptions) -> tuple[list[Trial], list[str]]:
    """What is to be tried, in this order, and what is to be said of what cannot be."""
    kinds = [get_algorithm(name, material.task) for name in names]
    further, warnings = _further(kinds, material, options)
    if options.preprocessing and not any(kind.takes_preprocessing for kind in kinds):
        warnings.append("Preprocessing changed nothing: rules read the columns as they are.")
    first: list[Choice] = [
        (kind, settings) for kind in kinds for settings in ({}, *kind.alternatives(material.task, material.target))
    ]
    trials = [
        Trial(kind.name, _make(kind, settings, material, options.preprocessing))
        for kind, settings in (*first, *further)
    ]
    return trials, warnings


def _further(
    kinds: Sequence[type[Algorithm]], material: Material, options: FitOptions
) -> tuple[list[Choice], list[str]]:
    """What a search adds, as far as the budget goes, and what is to be said of that."""
    if options.search is None:
        return [], []
    share = len(kinds) / len(algorithms_for(material.task))
    bought = affordable_rounds(material.frame.values.size, options.budget_seconds, share)
    wanted = options.search_trials or DEFAULT_TRIALS
    tried = [settings_of(kind, options.search, options.seed)[: min(wanted, bought) - 1] for kind in kinds]
    turns = [zip(kinds, turn, strict=True) for turn in zip_longest(*tried)]
    choices = [(kind, settings) for turn in turns for kind, settings in turn if settings is not None]
    if bought >= wanted:
        return choices, []
    warning = (
        f"The budget of {options.budget_seconds:g} seconds buys {bought} of {wanted} settings "
        "of each algorithm; a larger --budget, or fewer algorithms, lets more of them be tried."
    )
    return choices, [warning]


def best_of_each(tried: Sequence[Contender]) -> list[Contender]:
    """Of each algorithm the contender with the lowest validation loss, in the order in which they were first tried."""
    return [winner([other for other in tried if other.name == name]) for name in dict.fromkeys(c.name for c in tried)]


def describe_search(tried: Sequence[Contender]) -> tuple[SearchTrial, ...]:
    """What was tried of the algorithms of which there was a choice."""
    best = best_of_each(tried)
    names = [contender.name for contender in tried]
    return tuple(
        SearchTrial(
            algorithm=contender.name,
            settings=_varied(contender.model, [other.model for other in tried if other.name == contender.name]),
            loss=contender.loss,
            chosen=any(contender is chosen for chosen in best),
            fit_seconds=round(contender.fit_seconds, 3),
        )
        for contender in tried
        if names.count(contender.name) > 1
    )


def _varied(model: Algorithm, others: Sequence[Algorithm]) -> dict[str, Any]:
    """Its settings of which there is a choice, or in which the trials of its algorithm differ."""
    return {
        name: value
        for name, value in model.tuned.items()
        if len(model.choices.get(name, ())) != 1 or any(other.tuned.get(name) != value for other in others)
    }


def _make(kind: type[Algorithm], settings: Settings, material: Material, preprocessing: Preprocessing) -> Algorithm:
    algorithm = kind(material.task, settings).resettled({"trend": material.drift.memory.trend})
    if isinstance(algorithm, BayesianLogisticRegression) and material.prior is not None:
        return algorithm.with_prior(material.prior)
    if not preprocessing or not kind.takes_preprocessing:
        return algorithm
    chosen = {"algorithm": kind.name, "settings": algorithm.settings, "preprocessing": preprocessing.to_config()}
    return Preprocessed(material.task, chosen)


def settings_of(kind: type[Algorithm], style: SearchStyle, seed: int) -> list[Settings]:
    """All combinations of an algorithm's settings but the defaults, in the order in which they are tried.

    A grid goes outwards from the defaults: first one setting is changed, then two, so that a search that ends early has
    seen each setting by itself.

    >>> from leadwise.models.random_forest import RandomForest
    >>> settings_of(RandomForest, SearchStyle.GRID, seed=0)[:3]
    [{'leaves': 63, 'columns': 0.2}, {'leaves': 63, 'columns': 0.6}, {'leaves': 31, 'columns': 0.35}]
    >>> settings_of(RandomForest, SearchStyle.RANDOMISED, seed=0)[0]
    {'leaves': 31, 'columns': 0.35}
    """
    choices = {name: values for name, values in kind.SETTINGS.items() if len(values) > 1}
    defaults = tuple(values[0] for values in choices.values())
    combinations = [chosen for chosen in product(*choices.values()) if chosen != defaults]
    if style is SearchStyle.RANDOMISED:
        order = np.random.default_rng(seed).permutation(len(combinations))
        combinations = [combinations[position] for position in order]
    else:
        combinations.sort(key=lambda chosen: sum(a != b for a, b in zip(chosen, defaults, strict=True)))
    return [dict(zip(choices, chosen, strict=True)) for chosen in combinations]
