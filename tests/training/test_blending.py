"""Blending: together only where together is better."""

import numpy as np
import pytest

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Frame
from leadwise.models.catalogue import algorithms
from leadwise.models.margins import sigmoid
from leadwise.training.blending import SMALLEST_WEIGHT, blend
from leadwise.training.metrics import log_loss
from leadwise.training.scalings import PlattScaling
from leadwise.training.validation import Contender

ROWS = 4000
RANDOM = np.random.default_rng(5)
HIDDEN = RANDOM.normal(0, 1.5, (ROWS, 2))
TARGET = (RANDOM.random(ROWS) < sigmoid(HIDDEN.sum(axis=1))).astype(float)


def contender(name: str, margins: np.ndarray, target: np.ndarray = TARGET, task: Task = Task.CONVERSION) -> Contender:
    loss = log_loss(target, sigmoid(margins)) if task is Task.CONVERSION else float(np.mean((margins - target) ** 2))
    return Contender(name, algorithms()[name](task), margins, target, PlattScaling(), loss, fit_seconds=1.0)


def test_two_that_see_different_things_are_better_together():
    first = contender("random_forest", HIDDEN.sum(axis=1) + RANDOM.normal(0, 1, ROWS))
    second = contender("neural_network", HIDDEN.sum(axis=1) + RANDOM.normal(0, 1, ROWS))
    found = blend([first, second], Task.CONVERSION)
    assert found is not None
    assert found.loss < min(first.loss, second.loss)
    weights = [member.weight for member in found.model.recipe]
    assert sum(weights) == pytest.approx(1)
    assert min(weights) > 0.3


def test_one_that_adds_nothing_is_left_out():
    good = contender("random_forest", HIDDEN.sum(axis=1))
    noise = contender("neural_network", RANDOM.normal(0, 1, ROWS))
    assert blend([good, noise], Task.CONVERSION) is None


def test_one_alone_is_not_blended():
    assert blend([contender("random_forest", HIDDEN[:, 0])], Task.CONVERSION) is None


def test_amounts_are_blended_by_squared_error():
    target = 1e6 * HIDDEN.sum(axis=1)
    first = contender("random_forest", target + RANDOM.normal(0, 1e6, ROWS), target, Task.VALUE)
    second = contender("neural_network", target + RANDOM.normal(0, 1e6, ROWS), target, Task.VALUE)
    found = blend([first, second], Task.VALUE)
    assert found is not None
    assert found.loss == pytest.approx(0.5e12, rel=0.1)  # two errors of 1e6, averaged


def test_what_was_promised_in_validation_is_what_the_fitted_ensemble_says():
    values = RANDOM.normal(0, 1, (300, 2))
    frame = Frame((Feature("a", "a"), Feature("b", "b")), values)
    target = (values.sum(axis=1) > 0).astype(float)
    members = []
    for name, scaling in (("logistic_regression", PlattScaling(0.5, 0.1)), ("random_forest", PlattScaling())):
        model = algorithms()[name](Task.CONVERSION).fit(frame, target, seed=1)
        margins = scaling.apply(model.predict(frame)) + RANDOM.normal(0, 3, 300)
        members.append(Contender(name, model, margins, target, scaling, log_loss(target, sigmoid(margins)), 1.0))
    found = blend(members, Task.CONVERSION)
    assert found is not None
    expected = sum(
        part.weight * member.scaling.apply(member.model.predict(frame))
        for part, member in zip(found.model.recipe, members, strict=True)
    )
    np.testing.assert_allclose(found.model.predict(frame), expected)


def test_few_rows_cannot_tell_good_ones_apart_so_their_weights_stay_near_equal():
    few = 40
    first = contender("random_forest", HIDDEN[:few].sum(axis=1), TARGET[:few])
    second = contender("neural_network", HIDDEN[:few].sum(axis=1) * 0.8 + 0.4 * HIDDEN[:few, 0], TARGET[:few])
    found = blend([first, second], Task.CONVERSION)
    assert found is not None
    assert min(member.weight for member in found.model.recipe) > 0.35


def test_rules_are_no_member_and_where_they_are_better_nothing_is_blended():
    rules = contender("heuristic", HIDDEN.sum(axis=1))
    noise = [contender(name, RANDOM.normal(0, 1, ROWS)) for name in ("random_forest", "neural_network")]
    assert blend([rules, *noise], Task.CONVERSION) is None
    learners = [
        contender(name, HIDDEN.sum(axis=1) + RANDOM.normal(0, 1, ROWS)) for name in ("random_forest", "neural_network")
    ]
    found = blend([contender("heuristic", RANDOM.normal(0, 1, ROWS)), *learners], Task.CONVERSION)
    assert found is not None
    assert {member.name for member in found.model.recipe} == {"random_forest", "neural_network"}


def test_no_member_of_a_blend_is_too_small_to_be_worth_its_time():
    third = HIDDEN.sum(axis=1) + RANDOM.normal(0, 2.5, ROWS)
    members = [
        contender("random_forest", HIDDEN.sum(axis=1) + RANDOM.normal(0, 1, ROWS)),
        contender("neural_network", HIDDEN.sum(axis=1) + RANDOM.normal(0, 1, ROWS)),
        contender("gradient_boosting", third),
        contender("randomised_boosting", third + RANDOM.normal(0, 0.5, ROWS)),
    ]
    found = blend(members, Task.CONVERSION)
    assert found is not None
    assert min(member.weight for member in found.model.recipe) >= SMALLEST_WEIGHT
