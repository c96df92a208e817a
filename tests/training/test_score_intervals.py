"""Four of five rates lie in their interval; more outcomes make it narrower, and periods that differ wider."""

import numpy as np
import pytest

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Frame
from leadwise.models.bayesian_logistic_regression import BayesianLogisticRegression
from leadwise.models.margins import sigmoid
from leadwise.training.score_intervals import fit_score_intervals
from leadwise.training.splits import cross_validate_at_random

FEATURES = tuple(Feature(f"x{number}", f"x{number}") for number in range(5))


def fit(frame: Frame, target: np.ndarray) -> BayesianLogisticRegression:
    return BayesianLogisticRegression(Task.CONVERSION).fit(frame, target, seed=0)


def held(rows: int, seed: int) -> tuple[float, float]:
    """The share of tenths of new leads, by score, whose true rate lies in the interval; and its mean width."""
    random = np.random.default_rng(seed)
    weights = random.normal(0, 0.4, 5)

    def draw(count: int) -> tuple[Frame, np.ndarray]:
        values = random.normal(size=(count, 5))
        return Frame(FEATURES, values), sigmoid(values @ weights - 1.5)

    frame, rate = draw(rows)
    target = (random.random(rows) < rate).astype(float)
    split = cross_validate_at_random(target, seed=0)
    margins = [fit(frame.take(f.train), target[f.train]).predict(frame.take(f.validation)) for f in split.folds]
    intervals = fit_score_intervals(np.concatenate(margins), target[split.test])
    new, truth = draw(20_000)
    margin = fit(frame, target).predict(new)
    low, high = intervals.around(margin)
    tenth = np.argsort(np.argsort(margin)) // 2_000
    inside = [
        low[tenth == part].mean() <= truth[tenth == part].mean() <= high[tenth == part].mean() for part in range(10)
    ]
    return float(np.mean(inside)), float(np.mean(high - low))


def test_four_of_five_rates_lie_in_their_interval():
    found = np.array([[held(rows, seed) for seed in range(25)] for rows in (30, 200)])
    coverage, width = found[:, :, 0].mean(axis=1), found[:, :, 1].mean(axis=1)
    assert ((coverage > 0.7) & (coverage < 0.9)).all()
    assert width[1] < 0.6 * width[0]


def test_without_outcomes_they_are_wide_and_with_many_narrow():
    margin = np.random.default_rng(0).normal(-2, 1, 10_000)
    target = (np.random.default_rng(1).random(10_000) < sigmoid(margin)).astype(float)
    none = fit_score_intervals(margin, np.full(10_000, np.nan)).around(np.array([-2.2]))
    many = fit_score_intervals(margin, target).around(np.array([-2.2]))
    assert none[1][0] - none[0][0] > 0.2
    assert many[1][0] - many[0][0] < 0.02
    assert many[0][0] < sigmoid(np.array([-2.2]))[0] < many[1][0]


def test_they_widen_where_no_lead_was_scored_before():
    margin = np.random.default_rng(0).normal(0, 0.5, 500)
    intervals = fit_score_intervals(margin, (np.arange(500) % 2).astype(float))
    low, high = intervals.around(np.array([0.0, 4.0]))
    reach = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert reach[1] > 3 * reach[0]


def test_rows_of_one_lead_count_as_one():
    margin, target, lead = np.zeros(400), np.repeat(np.arange(40) % 2.0, 10), np.repeat(np.arange(40), 10)
    told = fit_score_intervals(margin, target, group=lead)
    assert told.level == pytest.approx(fit_score_intervals(margin[:40], target[::10]).level)


def test_a_rate_that_moved_from_period_to_period_will_move_again():
    random = np.random.default_rng(3)
    margin = np.zeros(4_000)
    steady = (random.random(4_000) < 0.5).astype(float)
    moving = (random.random(4_000) < np.repeat([0.3, 0.6, 0.4, 0.7], 1_000)).astype(float)
    still, moved = (fit_score_intervals(margin, target, periods=[1_000] * 4) for target in (steady, moving))
    assert still.level < 0.01
    assert moved.level == pytest.approx(np.var(np.log([3 / 7, 6 / 4, 4 / 6, 7 / 3]), ddof=1), rel=0.3)


def test_scores_that_are_all_the_same_have_an_interval():
    low, high = fit_score_intervals(np.zeros(1), np.ones(1)).around(np.zeros(2))
    assert np.isfinite([low, high]).all()


def test_a_lead_that_is_looked_at_often_moves_a_period_no_further():
    random = np.random.default_rng(2)
    margin, target = random.normal(-1, 1, 400), (random.random(400) < 0.3).astype(float)
    once = fit_score_intervals(margin, target, periods=(100,) * 4)
    group = np.repeat(np.arange(400), 5)
    often = fit_score_intervals(np.repeat(margin, 5), np.repeat(target, 5), periods=(500,) * 4, group=group)
    assert often.level == pytest.approx(once.level)
