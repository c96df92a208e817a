"""Log-odds that mean what they say, and the check that says so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.models.margins import sigmoid
from leadwise.training.calibration import check_calibration, reliability_table, wilson_interval
from leadwise.training.scaling_choice import A_LINE, choose_scaling
from leadwise.training.scaling_fits import fit_platt
from leadwise.training.scalings import PlattScaling


def happened(margin: np.ndarray, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(margin)) < sigmoid(margin)).astype(float)


@pytest.mark.parametrize(("slope", "intercept"), [(0.5, 0.0), (1.0, 1.0), (2.0, -0.7), (0.8, -2.0)])
def test_platt_finds_the_slope_and_intercept_that_made_the_outcomes(slope: float, intercept: float):
    margin = np.random.default_rng(1).normal(0, 1.5, 20_000)
    found = fit_platt(margin, happened(slope * margin + intercept))
    assert found.slope == pytest.approx(slope, abs=0.07)
    assert found.intercept == pytest.approx(intercept, abs=0.07)


@pytest.mark.parametrize("target", [np.zeros(30), np.ones(30), np.arange(30) >= 15])
def test_platt_of_outcomes_that_margins_separate_stays_finite(target: np.ndarray):
    found = fit_platt(np.linspace(-9, 9, 30), target.astype(float))
    assert np.isfinite([found.slope, found.intercept]).all()


def test_a_model_that_ranks_backwards_says_nothing():
    margin = np.random.default_rng(1).normal(0, 2, 2_000)
    assert fit_platt(margin, happened(-margin)).slope == 0.0


def test_margins_that_mean_what_they_say_are_left_alone():
    folds = [np.random.default_rng(seed).normal(-1, 1, 500) for seed in range(5)]
    targets = [happened(fold, seed) for seed, fold in enumerate(folds, start=50)]
    choice = choose_scaling(folds, targets, ordered=False)
    assert choice.scaling == PlattScaling()
    np.testing.assert_array_equal(choice.margins, np.concatenate(folds))


@pytest.mark.parametrize("ordered", [True, False])
def test_overconfident_margins_are_drawn_in(ordered: bool):  # noqa: FBT001 - a parameter
    truth = [np.random.default_rng(seed).normal(0, 1, 800) for seed in range(5)]
    targets = [happened(fold, seed) for seed, fold in enumerate(truth, start=50)]
    choice = choose_scaling([3 * fold for fold in truth], targets, ordered=ordered)
    assert isinstance(choice.scaling, PlattScaling)
    assert choice.scaling.slope == pytest.approx(1 / 3, abs=0.05)
    assert np.abs(choice.margins[-800:] - truth[-1]).mean() < 0.15


def test_a_fold_is_scaled_by_others_alone():
    truth = [np.random.default_rng(seed).normal(0, 1, 800) for seed in range(4)]
    targets = [happened(fold, seed) for seed, fold in enumerate(truth, start=50)]
    margins = [3 * fold for fold in truth]
    before = choose_scaling(margins, targets, ordered=False, methods=A_LINE).margins
    after = choose_scaling(margins, [*targets[:3], 1 - targets[3]], ordered=False, methods=A_LINE).margins
    np.testing.assert_array_equal(before[-800:], after[-800:])
    earlier = choose_scaling(margins, targets, ordered=True).margins
    np.testing.assert_array_equal(earlier[:800], margins[0])


def test_in_time_order_a_rate_that_rises_is_not_chased():
    draw = [np.random.default_rng(seed).normal(0, 1, 1_000) for seed in range(4)]
    targets = [happened(fold + 0.6 * step, step) for step, fold in enumerate(draw)]
    ordered = choose_scaling(draw, targets, ordered=True, methods=A_LINE).scaling
    shuffled = choose_scaling(draw, targets, ordered=False, methods=A_LINE).scaling
    assert isinstance(ordered, PlattScaling)
    assert isinstance(shuffled, PlattScaling)
    assert abs(ordered.intercept) < 0.1
    assert shuffled.intercept > 0.5
    assert ordered.slope == pytest.approx(1.0, abs=0.15)


def test_one_fold_or_none_to_compare_with_is_left_alone():
    margin = np.linspace(-2, 2, 40)
    choice = choose_scaling([margin], [happened(margin)], ordered=True)
    assert (choice.scaling, choice.margins.tolist()) == (PlattScaling(), margin.tolist())


def test_the_truth_passes_99_times_of_100():
    margins = [np.random.default_rng(seed).normal(-1, 1.2, 400) for seed in range(300)]
    found = [check_calibration(happened(m, seed), m, PlattScaling()) for seed, m in enumerate(margins, 1000)]
    assert np.mean([each.passed for each in found]) >= 0.97
    assert np.quantile([each.p_value for each in found], [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.08)


@pytest.mark.parametrize(("slope", "shift"), [(2.0, 0.0), (0.4, 0.0), (1.0, 0.5), (1.0, -0.5)])
def test_probabilities_that_are_plainly_wrong_do_not_pass(slope: float, shift: float):
    truth = np.random.default_rng(3).normal(-1, 1.2, 4_000)
    found = check_calibration(happened(truth), slope * truth + shift, PlattScaling(slope, shift))
    assert not found.passed
    assert found.p_value < 0.001
    assert found.sentence.endswith("do not take the probabilities at their word.")
    assert (found.method, found.slope, found.intercept) == ("platt", slope, shift)


def test_the_sentence_counts_conversions():
    margin = np.zeros(2_000)
    found = check_calibration(np.arange(2_000) % 2.0, margin, PlattScaling())
    assert found.sentence == (
        "On 2,000 leads that the model had not seen, it expected 1,000 conversions and 1,000 happened: "
        "the probabilities can be taken at their word."
    )
    assert (found.method, found.p_value) == ("none", pytest.approx(1.0))


def test_reliability_bands_tell_what_became_of_leads():
    probability = np.array([0.31, 0.35, 0.39, 0.05, 1.0])
    found = reliability_table(np.array([1.0, 0, 0, 0, 1]), probability)
    assert [band.sentence for band in found] == [
        "Of 1 lead scored 0\N{EN DASH}10%, 0 converted.",
        "Of 3 leads scored 30\N{EN DASH}40%, 1 converted.",
        "Of 1 lead scored 90\N{EN DASH}100%, 1 converted.",
    ]
    assert (found[1].predicted, found[1].observed) == (pytest.approx(0.35), pytest.approx(1 / 3))
    assert found[1].observed_interval == pytest.approx(wilson_interval(1, 3))
    assert sum(band.count for band in found) == 5


# Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3
@pytest.mark.parametrize(
    ("won", "rows", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_the_published_ones(won: int, rows: int, low: float, high: float):
    assert wilson_interval(won, rows) == pytest.approx((low, high), abs=5e-5)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 500).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_wilson_intervals_hold_the_rate_within_0_and_1(counts: tuple[int, int]):
    won, rows = counts
    low, high = wilson_interval(won, rows)
    assert 0 <= low <= won / rows + 1e-12
    assert won / rows - 1e-12 <= high <= 1
