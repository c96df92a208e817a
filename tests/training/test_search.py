"""Hyperparameter search: on the folds that everything shares, within the budget, and told on the card."""

from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Frame
from leadwise.models.catalogue import algorithms
from leadwise.models.ensemble import Ensemble, Member
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions, NoSearchError, SearchStyle
from leadwise.training.search import settings_of

searched = partial(
    FitOptions,
    outcome="won",
    algorithms=("random_forest",),
    search=SearchStyle.GRID,
    search_trials=3,
    budget_seconds=40,
)


def leads(rows: int = 400) -> pa.Table:
    random = np.random.default_rng(2)
    visits, price = random.poisson(4, rows), random.normal(0, 1, rows)
    margin = visits - 4 + 2 * np.abs(price)
    noise = {f"noise {number}": random.normal(0, 1, rows) for number in range(6)}
    return pa.table({"visits": visits, "price": price, **noise, "won": random.random(rows) < 1 / (1 + np.exp(-margin))})


@pytest.fixture(scope="module")
def model():
    return fit(leads(), searched())


def test_the_card_has_each_trial_and_the_best_one_competed(model):
    tried = model.card.search
    assert [trial.settings["leaves"] for trial in tried] == [63, 63, 63]
    assert [trial.settings["columns"] for trial in tried] == [0.35, 0.2, 0.6]
    assert [trial.chosen for trial in tried].count(True) == 1
    best = min(tried, key=lambda trial: trial.loss)
    assert best.chosen
    assert model.card.leaderboard[0].log_loss == pytest.approx(best.loss)
    assert model.algorithm.settings == {**best.settings, "trend": False}


def test_settings_change_what_is_learnt(model):
    losses = {trial.loss for trial in model.card.search}
    assert len(losses) == len(model.card.search)


def test_a_seed_gives_the_same_trials_twice_and_another_draws_others():
    boosting = algorithms()["gradient_boosting"]
    draws = [settings_of(boosting, SearchStyle.RANDOMISED, seed) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert {tuple(draw.values()) for draw in draws[0]} == {tuple(draw.values()) for draw in draws[2]}


def test_a_randomised_search_tries_the_defaults_first_and_then_what_it_draws():
    card = fit(leads(), searched(search=SearchStyle.RANDOMISED, seed=5)).card
    drawn = settings_of(algorithms()["random_forest"], SearchStyle.RANDOMISED, seed=5)
    assert [trial.settings for trial in card.search] == [{"leaves": 63, "columns": 0.35}, *drawn[:2]]


def test_the_budget_bounds_the_trials_and_says_so():
    card = fit(leads(), searched(budget_seconds=1)).card
    assert len(card.search) < 3
    assert any("a larger --budget" in warning for warning in card.warnings)


def test_without_a_search_there_is_nothing_to_tell():
    assert fit(leads(), searched(search=None, search_trials=None)).card.search == ()


def test_trials_without_a_search_are_refused():
    with pytest.raises(NoSearchError, match="add --search grid"):
        FitOptions("won", search_trials=4)


@pytest.mark.parametrize("kind", algorithms().values(), ids=algorithms())
def test_unfitted_keeps_what_was_set(kind):
    task = next(iter(kind.tasks))
    chosen = {name: values[-1] for name, values in kind.SETTINGS.items()}
    assert kind(task, chosen).unfitted().settings.items() >= chosen.items()


def test_an_ensemble_keeps_its_members_settings_when_it_is_saved_and_fitted_anew():
    frame = Frame((Feature("a", "a"), Feature("b", "b")), np.random.default_rng(1).normal(size=(80, 2)))
    target = (frame.values[:, 0] > 0).astype(float)
    recipe = [Member("random_forest", 0.5, settings={"leaves": 31}), Member("logistic_regression", 0.5)]
    fitted = Ensemble(Task.CONVERSION, recipe).unfitted().fit(frame, target, seed=1)
    loaded = Ensemble.load(Task.CONVERSION, frame.features, fitted.save())
    for ensemble in (fitted, loaded):
        assert ensemble.models[0].settings == {"leaves": 31, "columns": 0.35, "trend": False}
        assert ensemble.recipe[0].settings == {"leaves": 31}
