"""Rules speak until outcomes do; how far weights may go is learnt from the data."""

import numpy as np
import pytest
from scipy import integrate

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Frame
from leadwise.models.bayesian_logistic_regression import ROWS_TO_CHOOSE_ON, BayesianLogisticRegression
from leadwise.models.ensemble import Ensemble, Member
from leadwise.models.heuristic import Heuristic
from leadwise.models.laplace import Observations, posterior
from leadwise.models.margins import sigmoid
from leadwise.models.prior_model import PriorModel

VISITS = Feature("Visits", "Visits")


def visits(rows: int, seed: int = 0) -> Frame:
    return Frame((VISITS,), np.random.default_rng(seed).poisson(5, (rows, 1)).astype(float))


def fit(frame: Frame, target: np.ndarray) -> BayesianLogisticRegression:
    return BayesianLogisticRegression(Task.CONVERSION).fit(frame, target, seed=0)


def slope(model: BayesianLogisticRegression) -> float:
    low, high = model.predict(Frame((VISITS,), np.array([[2.0], [8.0]])))
    return float(high - low)


def test_with_one_outcome_of_each_it_ranks_as_rules_do():
    frame = visits(2)
    rules = Heuristic(Task.CONVERSION).fit(frame, np.zeros(0), seed=0)
    new = visits(50, seed=1)
    learnt, believed = fit(frame, np.array([0.0, 1.0])).predict(new), rules.predict(new)
    assert np.corrcoef(learnt, believed)[0, 1] > 0.95


def test_outcomes_that_contradict_the_rules_win_in_the_end():
    slopes = []
    for rows in (8, 80, 800):
        frame = visits(rows)
        won = np.random.default_rng(1).random(rows) < sigmoid(2 - 0.5 * frame.values[:, 0])
        slopes.append(slope(fit(frame, won.astype(float))))
    assert slopes[0] > slopes[1] > slopes[2]
    assert slopes[2] == pytest.approx(-3, abs=0.7)


def test_outcomes_that_are_all_alike_move_the_rate_alone():
    frame = visits(40)
    lost, won = fit(frame, np.zeros(40)), fit(frame, np.ones(40))
    assert sigmoid(lost.predict(frame)).mean() < 0.05
    assert sigmoid(won.predict(frame)).mean() > 0.5
    assert slope(lost) > 0
    assert slope(won) > 0


def test_noise_is_given_next_to_no_weight():
    random = np.random.default_rng(0)
    frame = Frame(tuple(Feature(f"x{n}", f"x{n}") for n in range(30)), random.normal(size=(100, 30)))
    margins = fit(frame, (random.random(100) < 0.3).astype(float)).predict(frame)
    assert margins.std() < 0.35


def test_many_rows_are_fitted_on_all_of_them():
    rows = 4 * ROWS_TO_CHOOSE_ON
    frame = visits(rows)
    won = np.random.default_rng(1).random(rows) < sigmoid(0.4 * frame.values[:, 0] - 3)
    assert slope(fit(frame, won.astype(float))) == pytest.approx(2.4, abs=0.25)


def test_the_evidence_is_the_probability_of_what_was_seen():
    """Against numerical integration over the one coefficient."""
    random = np.random.default_rng(2)
    column, target = random.normal(size=30), (random.random(30) < 0.4).astype(float)
    seen = Observations(target, np.full(30, -0.3), np.ones(30))

    def joint(coefficient: float) -> float:
        margin = -0.3 + coefficient * column
        likelihood = np.prod(np.where(target == 1, sigmoid(margin), 1 - sigmoid(margin)))
        return float(likelihood * np.exp(-0.5 * coefficient**2) / np.sqrt(2 * np.pi))

    exact = np.log(integrate.quad(joint, -8, 8, epsabs=1e-20)[0])
    assert posterior(column[:, None], seen).log_evidence == pytest.approx(exact, abs=0.02)


def test_more_columns_than_rows_give_what_fewer_unknowns_give():
    random = np.random.default_rng(3)
    columns, target = random.normal(size=(20, 60)), (random.random(20) < 0.5).astype(float)
    seen = Observations(target, np.zeros(20), np.ones(20))
    wide = posterior(columns, seen)
    copied = Observations(np.tile(target, 4), np.zeros(80), np.full(80, 0.25))  # the same, said four times by a quarter
    tall = posterior(np.tile(columns, (4, 1)), copied)
    np.testing.assert_allclose(wide.mode, tall.mode, atol=1e-6)
    assert wide.log_evidence == pytest.approx(tall.log_evidence)


def test_an_ensemble_that_is_fitted_anew_keeps_its_members_prior():
    frame, target = visits(60), np.arange(60) % 2.0
    taught = fit(frame, (frame.values[:, 0] < 5).astype(float))
    prior = PriorModel.of(taught, [VISITS], [VISITS])
    member = BayesianLogisticRegression(Task.CONVERSION).with_prior(prior).fit(frame, target, seed=0)
    ensemble = Ensemble(Task.CONVERSION, [Member(member.name, 1.0)]).with_models([member])
    for anew in (ensemble.unfitted(), ensemble.resettled({"trend": True})):
        np.testing.assert_array_equal(anew.fit(frame, target, seed=0).predict(frame), member.predict(frame))


def test_what_few_outcomes_leave_open_is_moderated_and_much_is_not():
    random = np.random.default_rng(4)
    moderation = []
    for rows in (10, 100, 5_000):
        columns = 2 * random.normal(size=(rows, 3))
        target = (random.random(rows) < sigmoid(columns[:, 0])).astype(float)
        moderation.append(posterior(columns, Observations(target, np.zeros(rows), np.ones(rows))).moderation)
    assert moderation[0] < 0.9 < moderation[1] < 0.99 < moderation[2] < 1


def test_moderation_is_what_averaging_over_all_possible_coefficients_leaves_of_a_new_row():
    """Each row left out in turn, and its margin drawn many times from what the others say of it."""
    random = np.random.default_rng(5)
    columns, target = random.normal(size=(25, 2)), (random.random(25) < 0.4).astype(float)
    left = []
    for row in range(25):
        rest = np.arange(25) != row
        fitted = posterior(columns[rest], Observations(target[rest], np.zeros(24), np.ones(24)))
        probability = sigmoid(columns[rest] @ fitted.mode)
        spread = probability * (1 - probability)
        covariance = np.linalg.inv((columns[rest] * spread[:, None]).T @ columns[rest] + np.eye(2))
        margins = random.multivariate_normal(fitted.mode, covariance, 20_000) @ columns[row]
        mean = sigmoid(margins).mean()
        left.append(np.log(mean / (1 - mean)) / (columns[row] @ fitted.mode))
    all_rows = posterior(columns, Observations(target, np.zeros(25), np.ones(25)))
    assert all_rows.moderation == pytest.approx(float(np.median(left)), abs=0.02)


def test_moderating_does_not_move_how_many_are_expected():
    random = np.random.default_rng(6)
    frame = Frame(tuple(Feature(f"x{n}", f"x{n}") for n in range(5)), random.normal(size=(40, 5)))
    won = (frame.values[:, 0] > 0.8).astype(float)
    assert sigmoid(fit(frame, won).predict(frame)).sum() == pytest.approx(won.sum(), abs=1.5)
