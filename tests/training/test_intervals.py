"""80% intervals of amounts: they hold four of five on rows that nobody has seen, also where most amounts are 0."""

import numpy as np
import pytest

from leadwise.training.intervals import COVERAGE, fit_intervals


def spenders(rows: int, seed: int, zeros: float) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that are right on average, and amounts of which a share is 0 and the others have a long tail."""
    random = np.random.default_rng(seed)
    expected = random.lognormal(3, 1, rows)
    spent = random.random(rows) >= zeros
    return expected, np.where(spent, expected / (1 - zeros) * random.lognormal(-0.5, 1, rows), 0.0)


@pytest.mark.parametrize("zeros", [0.0, 0.3, 0.6])
def test_they_hold_what_they_promise_on_skewed_amounts(zeros):
    intervals = fit_intervals(*spenders(4_000, 1, zeros))
    expected, actual = spenders(20_000, 2, zeros)
    low, high = intervals.around(expected)
    assert np.mean((low <= actual) & (actual <= high)) == pytest.approx(COVERAGE, abs=0.02)
    assert (low <= expected).all()
    assert (expected <= high).all()


def test_where_most_spend_nothing_the_lower_end_is_nothing_and_the_upper_end_is_nearer():
    expected, actual = spenders(4_000, 1, zeros=0.6)
    low, high = fit_intervals(expected, actual).around(expected)
    assert (low == 0).all()
    assert high.mean() < 0.8 * (expected + np.quantile(actual - expected, 0.9)).mean()


def test_amounts_that_are_nearly_all_zero_are_held_by_intervals_that_start_there():
    expected, actual = spenders(2_000, 3, zeros=0.95)
    low, high = fit_intervals(expected, actual).around(expected)
    assert (low == 0).all()
    assert np.mean(actual <= high) >= COVERAGE


def test_amounts_that_are_all_the_same_have_intervals_without_width():
    low, high = fit_intervals(np.full(50, 7.0), np.full(50, 7.0)).around(np.full(3, 7.0))
    assert low.tolist() == high.tolist() == [7.0, 7.0, 7.0]


def test_few_rows_get_intervals_too():
    low, high = fit_intervals(np.array([1.0, 2.0]), np.array([0.0, 5.0])).around(np.array([1.5]))
    assert 0 <= low[0] <= 1.5 <= high[0]
