"""Metrics equal those of scikit-learn and SciPy, and intervals hold what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, spearmanr
from sklearn import metrics as sk

from leadwise.training.metrics import (
    Ranking,
    best_threshold,
    bootstrap,
    conversion_metrics,
    log_loss,
    roc_auc,
    value_metrics,
)

SEEDS = st.integers(0, 2**32 - 1)
ROWS = st.integers(2, 60)
QUICKLY = settings(max_examples=40, deadline=None)


def rows_with_ties(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Both outcomes, and probabilities of which many are the same."""
    random = np.random.default_rng(seed)
    target = (random.random(rows) < 0.4).astype(float)
    target[:2] = [0, 1]
    return target, random.choice(np.append(random.random(5), [0.01, 0.99]), rows)


@QUICKLY
@given(SEEDS, ROWS, st.sampled_from([0.01, 0.3, 0.5, 0.99]))
def test_conversion_metrics_are_those_of_scikit_learn(seed: int, rows: int, threshold: float):
    target, probability = rows_with_ties(seed, rows)
    found = conversion_metrics(target, probability, threshold, seed=None)
    called = probability >= threshold
    expected = {
        "log_loss": sk.log_loss(target, probability),
        "roc_auc": sk.roc_auc_score(target, probability),
        "average_precision": sk.average_precision_score(target, probability),
        "brier": sk.brier_score_loss(target, probability),
        "precision": sk.precision_score(target, called, zero_division=0),
        "recall": sk.recall_score(target, called),
        "f1": sk.f1_score(target, called),
        "accuracy": sk.accuracy_score(target, called),
    }
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected, abs=1e-12)
    assert (found.rows, found.intervals) == (rows, {})
    assert log_loss(target, probability) == pytest.approx(expected["log_loss"], abs=1e-12)
    assert roc_auc(target, probability) == pytest.approx(expected["roc_auc"], abs=1e-12)


@QUICKLY
@given(SEEDS, ROWS)
def test_a_weight_counts_as_so_many_rows(seed: int, rows: int):
    target, probability = rows_with_ties(seed, rows)
    weight = np.random.default_rng(seed).integers(1, 4, rows)
    distinct, group = np.unique(-probability, return_inverse=True)
    weighted = Ranking.weighted(-distinct, group, target, weight.astype(float))
    repeated = Ranking.of(np.repeat(target, weight), np.repeat(probability, weight))
    assert weighted.roc_auc == pytest.approx(sk.roc_auc_score(target, probability, sample_weight=weight), abs=1e-12)
    expected = sk.average_precision_score(target, probability, sample_weight=weight)
    assert weighted.average_precision == pytest.approx(expected, abs=1e-12)
    assert weighted.at(0.5) == pytest.approx(repeated.at(0.5), abs=1e-12)
    assert weighted.lift(0.2) == pytest.approx(repeated.lift(0.2), abs=1e-12)


@QUICKLY
@given(SEEDS, ROWS)
def test_the_order_of_rows_changes_nothing(seed: int, rows: int):
    target, probability = rows_with_ties(seed, rows)
    order = np.random.default_rng(seed).permutation(rows)
    before = conversion_metrics(target, probability, 0.5, seed=None).model_dump()
    after = conversion_metrics(target[order], probability[order], 0.5, seed=None).model_dump()
    assert {k: v for k, v in before.items() if k != "intervals"} == pytest.approx(
        {k: v for k, v in after.items() if k != "intervals"}, abs=1e-12
    )


@QUICKLY
@given(SEEDS, st.integers(3, 60))
def test_value_metrics_are_those_of_scikit_learn_and_scipy(seed: int, rows: int):
    random = np.random.default_rng(seed)
    target = random.integers(0, 6, rows).astype(float)
    target[:2] = [0, 9]
    value = target + random.integers(-3, 4, rows)
    value[0] = value[1] + 1
    found = value_metrics(target, value, value - 1, value + 1, seed=None)
    expected = {
        "mse": sk.mean_squared_error(target, value),
        "mae": sk.mean_absolute_error(target, value),
        "r2": sk.r2_score(target, value),
        "rmse": sk.root_mean_squared_error(target, value),
        "rank_correlation": spearmanr(target, value).statistic,
        "interval_coverage": float(np.mean(np.abs(target - value) <= 1)),
    }
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected, abs=1e-9)


def test_calibration_error_by_hand():
    # band 0.1-0.2: 4 rows say 0.15, 1 of 4 converted: gap 0.10; band 0.9-1.0: 2 rows, 0.9 and 1.0, both: gap 0.05
    probability = np.array([0.15, 0.15, 0.15, 0.15, 0.9, 1.0])
    target = np.array([1.0, 0, 0, 0, 1, 1])
    found = conversion_metrics(target, probability, 0.5, seed=None)
    assert found.expected_calibration_error == pytest.approx((4 * 0.10 + 2 * 0.05) / 6)


def test_every_metric_of_resampled_rows_varies():
    random = np.random.default_rng(0)
    probability = random.random(300)
    target = (random.random(300) < probability).astype(float)
    found = conversion_metrics(target, probability, 0.5, seed=0)
    low, high = found.intervals["expected_calibration_error"]
    assert low <= high < 0.3  # bands of resampled rows, not of all
    for name, (low, high) in found.intervals.items():
        assert low < high, name
    drawn = np.bincount(np.random.default_rng(0).integers(0, 300, 300), minlength=300)
    again = conversion_metrics(np.repeat(target, drawn), np.repeat(probability, drawn), 0.5, seed=None)
    first = bootstrap(lambda weight: {"ece": ece(target, probability, weight)}, 300, seed=0)["ece"]
    assert found.intervals["expected_calibration_error"] == pytest.approx(first)
    assert again.expected_calibration_error == pytest.approx(ece(target, probability, drawn.astype(float)))


def ece(target: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> float:
    """The definition, band by band."""
    band = np.minimum((probability * 10).astype(int), 9)
    gaps = [abs((weight * (target - probability))[band == number].sum()) for number in range(10)]
    return float(sum(gaps) / weight.sum())


def test_lift_by_hand():
    probability = np.linspace(1, 0, 20)
    target = np.zeros(20)
    target[[0, 1, 3, 9]] = 1  # 4 of 20: the best tenth has 2 of 2, the best fifth 3 of 4
    found = conversion_metrics(target, probability, 0.5, seed=None)
    assert found.lift_at_10 == pytest.approx(1.0 / 0.2)
    assert found.lift_at_20 == pytest.approx(0.75 / 0.2)


def test_lift_of_rows_that_all_score_the_same_is_one():
    found = conversion_metrics(np.array([1.0, 0, 0, 0] * 5), np.full(20, 0.25), 0.5, seed=None)
    assert found.lift_at_10 == pytest.approx(1.0)


def test_one_outcome_only_has_no_ranking():
    nobody = conversion_metrics(np.zeros(9), np.full(9, 0.2), 0.5, seed=0)
    assert nobody.roc_auc is nobody.average_precision is nobody.lift_at_10 is None
    assert "roc_auc" not in nobody.intervals
    assert nobody.intervals["log_loss"] == pytest.approx((nobody.log_loss, nobody.log_loss))
    assert conversion_metrics(np.ones(9), np.full(9, 0.2), 0.5, seed=None).roc_auc is None


def test_amounts_that_never_vary_have_no_correlation():
    found = value_metrics(np.full(5, 3.0), np.arange(5.0), np.zeros(5), np.full(5, 9.0), seed=0)
    assert found.r2 is found.rank_correlation is None


def test_certain_and_wrong_is_a_finite_loss():
    assert 27 < log_loss(np.array([1.0, 0.0]), np.array([0.0, 1.0])) < 28


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(2, 30))
def test_no_threshold_has_a_higher_f1_than_the_best(seed: int, rows: int):
    target, probability = rows_with_ties(seed, rows)
    best = sk.f1_score(target, probability >= best_threshold(target, probability))
    assert best == pytest.approx(max(sk.f1_score(target, probability >= each) for each in probability))


def test_intervals_cover_the_truth_about_95_times_of_100():
    random = np.random.default_rng(4)
    truth, covered, repeats = norm.cdf(1 / np.sqrt(2)), 0, 60  # scores differ by one deviation
    for seed in range(repeats):
        target = (random.random(150) < 0.4).astype(float)
        score = 1 / (1 + np.exp(-random.normal(target, 1)))
        low, high = conversion_metrics(target, score, 0.5, seed=seed).intervals["roc_auc"]
        covered += low <= truth <= high
    assert 0.88 <= covered / repeats < 1.0


def test_intervals_are_as_wide_as_theory_says():
    sample = np.random.default_rng(1).normal(10, 2, 400)
    found = bootstrap(lambda weight: {"mean": float(weight @ sample / weight.sum())}, 400, seed=3)
    low, high = found["mean"]
    assert high - low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.2)
    assert low < sample.mean() < high


def test_a_seed_gives_the_same_intervals_twice():
    target, probability = rows_with_ties(5, 60)
    first, again, other = (conversion_metrics(target, probability, 0.5, seed=seed).intervals for seed in (1, 1, 2))
    assert first == again != other
