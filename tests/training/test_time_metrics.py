"""Kaplan-Meier, concordance and Brier score, against lifelines and by hand."""

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import concordance_index

from leadwise.models.hazards.spans import Spans
from leadwise.training.time_metrics import ShareByAge, concordance, integrated_brier, log_likelihoods


def make_spans(rows: int = 300, seed: int = 0, digits: int = 0) -> Spans:
    random = np.random.default_rng(seed)
    converts, watched = np.round(random.exponential(30, rows), digits), np.round(random.uniform(1, 60, rows), digits)
    return Spans(np.minimum(converts, watched), converts <= watched)


@pytest.mark.parametrize("digits", [0, 5])
def test_shares_and_intervals_are_those_of_lifelines(digits):
    spans, ages = make_spans(digits=digits), np.array([0.5, 1, 7, 30, 45])
    reference = KaplanMeierFitter().fit(spans.days, spans.converted)
    found = ShareByAge.of(spans, ages)
    np.testing.assert_allclose(found.share, 1 - reference.predict(ages), atol=1e-12)
    bounds = reference.confidence_interval_survival_function_
    at = bounds.index.searchsorted(ages[2:], side="right") - 1
    np.testing.assert_allclose(found.low[2:], 1 - bounds.iloc[at, 1], atol=1e-6)
    np.testing.assert_allclose(found.high[2:], 1 - bounds.iloc[at, 0], atol=1e-6)


def test_of_none_that_converted_the_interval_still_has_a_width():
    found = ShareByAge.of(Spans(np.full(60, 30.0), np.zeros(60, dtype=bool)), np.array([30.0]))
    assert (found.share[0], found.low[0]) == (0, 0)
    assert 0.03 < found.high[0] < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_concordance_is_that_of_lifelines_with_ties_in_time_and_score(seed):
    spans = make_spans(seed=seed)
    score = np.round(np.random.default_rng(seed).normal(size=300), 1) - 0.02 * spans.days
    assert concordance(spans, score) == pytest.approx(concordance_index(spans.days, -score, spans.converted))


def test_concordance_needs_a_pair():
    assert concordance(Spans(np.array([3.0, 4.0]), np.array([False, False])), np.array([0.1, 0.2])) is None


def test_brier_score_without_open_leads_is_the_mean_squared_error():
    random = np.random.default_rng(1)
    spans = Spans(random.exponential(20, 200), np.ones(200, dtype=bool))
    ages, probability = np.array([10.0, 20.0]), np.sort(random.random((200, 2)), axis=1)
    first, second = (np.mean((probability[:, at] - (spans.days <= age)) ** 2) for at, age in enumerate(ages))
    assert integrated_brier(spans, probability, ages) == pytest.approx((5 * first + 5 * (first + second)) / 20)


def test_brier_score_of_censored_leads_is_that_of_all_on_average():
    """Hiding the ends of leads at random changes the score's noise, not what it measures."""
    random = np.random.default_rng(2)
    rows = 60_000
    days, watched = random.exponential(30, rows), random.uniform(0, 80, rows)
    ages = np.array([7.0, 30.0, 60.0])
    probability = np.tile(1 - np.exp(-ages / 45), (rows, 1))
    whole = integrated_brier(Spans(days, np.ones(rows, dtype=bool)), probability, ages)
    censored = integrated_brier(Spans(np.minimum(days, watched), days <= watched), probability, ages)
    naive = integrated_brier(Spans(np.where(days <= watched, days, 1e6), days <= watched), probability, ages)
    assert censored == pytest.approx(whole, rel=0.01)
    assert abs(naive - whole) > 10 * abs(censored - whole)


def test_likelihood_counts_conversions_by_interval_and_open_leads_by_their_watch():
    ages, cumulative = np.array([0.0, 7.0, 30.0]), np.array([[0.1, 0.4]] * 4)
    spans = Spans(np.array([3.0, 20.0, 3.5, 50.0]), np.array([True, True, False, False]))
    expected = [np.log(1 - np.exp(-0.1)), np.log(np.exp(-0.1) - np.exp(-0.4)), -0.05, -0.4]
    np.testing.assert_allclose(log_likelihoods(spans, cumulative, ages), expected, rtol=1e-9)
