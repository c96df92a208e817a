"""Boosting for money: many zeros, a long tail, and contributions that still add up to the amount."""

from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Frame
from leadwise.models.gradient_boosting import TWEEDIE, GradientBoosting
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

FEATURES = tuple(Feature(name, name) for name in ("visits", "basket", "noise"))
tweedie = partial(GradientBoosting, Task.VALUE, {"loss": TWEEDIE})


def customers(rows: int = 1_500, seed: int = 0, unit: float = 1.0) -> tuple[Frame, np.ndarray]:
    """Two of three spend nothing; what the others spend is a product of what is known of them."""
    random = np.random.default_rng(seed)
    values = np.column_stack([random.normal(size=rows), random.normal(size=rows), random.normal(size=rows)])
    expected = np.exp(1.2 * values[:, 0] + 0.8 * values[:, 1])
    spent = np.where(random.random(rows) < 0.35, expected * random.lognormal(0, 0.7, rows), 0.0)
    return Frame(FEATURES, values), unit * spent


@pytest.fixture(scope="module")
def model() -> GradientBoosting:
    return tweedie().fit(*customers(), seed=1)


@pytest.mark.parametrize("unit", [1e-3, 1e6])
def test_it_comes_closer_to_what_is_expected_than_squared_error_in_any_currency(unit):
    frame, target = customers(unit=unit)
    new, _ = customers(3_000, seed=5)
    truth = unit * 0.35 * np.exp(1.2 * new.values[:, 0] + 0.8 * new.values[:, 1] + 0.7**2 / 2)
    error = {}
    for loss in ("usual", TWEEDIE):
        predicted = GradientBoosting(Task.VALUE, {"loss": loss}).fit(frame, target, seed=1).predict(new)
        error[loss] = np.mean(np.abs(predicted - truth)) / unit
    assert error[TWEEDIE] < 0.8 * error["usual"]


def test_contributions_add_up_to_the_amount(model):
    new, _ = customers(400, seed=6)
    for explanation in (model.explain(new), model.explain_exactly(new)):
        total = explanation.base + explanation.contributions.sum(axis=1)
        np.testing.assert_allclose(total, model.predict(new), rtol=0, atol=1e-6)
    one = model.explain_row(new.take(slice(7, 8)))
    np.testing.assert_allclose(one.contributions[0], model.explain(new).contributions[7], atol=1e-9)


def test_amounts_are_neither_negative_nor_beyond_the_largest_one_seen(model):
    strange = Frame(FEATURES, np.array([[1e9, 1e9, 0.0], [-1e9, -1e9, 0.0], [np.nan] * 3]))
    predicted = model.predict(strange)
    assert (predicted >= 0).all()
    assert predicted.max() <= customers()[1].max()


def test_it_says_the_same_after_it_was_saved(model):
    new, _ = customers(50, seed=7)
    loaded = GradientBoosting.load(Task.VALUE, FEATURES, model.save())
    np.testing.assert_array_equal(loaded.predict(new), model.predict(new))
    np.testing.assert_array_equal(loaded.explain(new).contributions, model.explain(new).contributions)


@pytest.mark.parametrize("amount", [0.0, -5.0])
def test_amounts_that_have_no_such_deviance_are_learnt_by_squared_error(amount):
    frame, target = customers(100)
    target = np.zeros(100) if amount == 0 else np.append(target[1:], amount)
    predicted = tweedie().fit(frame, target, seed=1).predict(frame)
    assert np.isfinite(predicted).all()
    assert abs(predicted.mean() - target.mean()) < 0.5 * target.std() + 1e-9


def test_only_skewed_amounts_are_worth_the_trial():
    alternatives = partial(GradientBoosting.alternatives, Task.VALUE)
    assert alternatives(customers()[1]) == ({"loss": TWEEDIE},)
    assert alternatives(np.arange(90.0, 110.0)) == ()
    assert alternatives(-customers()[1]) == ()
    assert GradientBoosting.alternatives(Task.CONVERSION, np.array([0.0, 0.0, 1.0])) == ()


def test_validation_decides_between_the_losses_and_the_card_says_so():
    frame, target = customers()
    columns = {name: frame.values[:, index] for index, name in enumerate(frame.names)}
    options = FitOptions("spent", value=True, algorithms=("gradient_boosting",), budget_seconds=60)
    card = fit(pa.table({**columns, "spent": target}), options).card
    losses = {trial.settings["loss"]: trial for trial in card.search}
    assert set(losses) == {"usual", TWEEDIE}
    assert losses[TWEEDIE].chosen
    assert losses[TWEEDIE].loss < losses["usual"].loss
    assert card.leaderboard[0].mse == pytest.approx(losses[TWEEDIE].loss)
    low, high = card.test.intervals["interval_coverage"]
    assert low <= 0.85
    assert high >= 0.8
