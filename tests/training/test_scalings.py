"""Scalings: rising curves that keep ranks and reasons, found where they gain and only there."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.models.algorithm import Explanation
from leadwise.models.margins import logit, sigmoid
from leadwise.training.metrics import log_loss
from leadwise.training.scaling_choice import A_LINE, METHODS, choose_scaling, explain_choice, method_of
from leadwise.training.scaling_fits import fit_beta, fit_curve, fit_platt, fit_shift
from leadwise.training.scalings import (
    AS_IS,
    BetaScaling,
    CurveScaling,
    PlattScaling,
    Scaling,
    build_scaling,
    describe_scaling,
)

SCALINGS: list[Scaling] = [
    PlattScaling(0.7, -0.2),
    BetaScaling(0.4, 1.8, 0.3),
    CurveScaling((-3.0, -1.0, 0.0, 2.0), (-2.0, -1.9, 0.5, 3.0), 0.8),
]
FITS = [fit_platt, fit_beta, fit_curve]
GRID = np.linspace(-40, 40, 2_001)
each_scaling = pytest.mark.parametrize("scaling", SCALINGS, ids=lambda scaling: scaling.method)


def happened(margin: np.ndarray, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(margin)) < sigmoid(margin)).astype(float)


def draw(rows: int, seed: int = 1, scale: float = 1.5) -> np.ndarray:
    return np.random.default_rng(seed).normal(-0.5, scale, rows)


@each_scaling
def test_whoever_was_ahead_stays_ahead(scaling: Scaling):
    assert (np.diff(scaling.apply(GRID)) > 0).all()


@each_scaling
@settings(deadline=None)
@given(parts=st.lists(st.floats(-3, 3), min_size=4, max_size=4), base=st.floats(-4, 4))
def test_reasons_still_add_up(scaling: Scaling, parts: list[float], base: float):
    outer = scaling.explain(Explanation(np.array([parts]), base))
    margin = scaling.apply(np.array([base + sum(parts)]))[0]
    assert outer.base + outer.contributions.sum() == pytest.approx(margin, abs=1e-7)
    assert (outer.contributions * np.array([parts]) >= 0).all()


@each_scaling
def test_one_after_the_other_is_one_of_the_same_kind(scaling: Scaling):
    both = scaling.then(0.6, -0.4)
    np.testing.assert_allclose(both.apply(GRID), 0.6 * scaling.apply(GRID) - 0.4, atol=1e-12)
    assert both.method == scaling.method


@each_scaling
def test_comes_back_from_plain_values(scaling: Scaling):
    assert build_scaling(describe_scaling(scaling)) == scaling


@pytest.mark.parametrize(
    "described",
    [
        {"method": "magic"},
        {"method": "beta", "a": 1.0},
        {"slope": 1.0, "shift": 0.0},
        {"method": "curve", "margins": [0.0, 1.0], "log_odds": [1.0, 0.0]},
        {"method": "curve", "margins": [0.0, 1.0], "log_odds": [1.0]},
    ],
)
def test_what_is_no_scaling_is_refused(described: dict[str, object]):
    with pytest.raises((KeyError, TypeError, ValueError)):
        build_scaling(described)


def test_beta_calibration_is_that_of_the_paper():
    margin, scaling = np.array([-2.0, 0.3, 4.0]), BetaScaling(0.4, 1.8, 0.3)
    p = sigmoid(margin)
    expected = 1 / (1 + 1 / (np.exp(0.3) * p**0.4 / (1 - p) ** 1.8))  # Kull et al. 2017, equation 3
    np.testing.assert_allclose(sigmoid(scaling.apply(margin)), expected)


def test_beta_finds_the_parameters_that_made_the_outcomes():
    margin = draw(60_000, scale=2)
    found = fit_beta(margin, happened(BetaScaling(0.5, 1.6, -0.3).apply(margin)))
    assert (found.a, found.b, found.c) == pytest.approx((0.5, 1.6, -0.3), abs=0.07)


def test_beta_never_turns_round():
    margin = draw(4_000)
    found = fit_beta(margin, happened(2 * np.abs(margin) - 2))
    assert (np.diff(found.apply(GRID)) >= 0).all()


def test_a_curve_finds_any_rising_shape():
    margin = draw(60_000)
    truth = np.where(margin < 0, 0.2 * margin, 3 * margin) - 1
    inside = np.quantile(margin, [0.05, 0.3, 0.5, 0.9])
    expected = np.interp(inside, np.sort(margin), np.sort(truth))
    np.testing.assert_allclose(fit_curve(margin, happened(truth)).apply(inside), expected, atol=0.15)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("target", [np.zeros(30), np.ones(30), np.arange(30) >= 15, np.arange(30) < 15])
def test_separated_or_single_outcomes_stay_finite(fit: Callable[..., Scaling], target: np.ndarray):
    for margin in (np.linspace(-9, 9, 30), np.zeros(30), np.linspace(-800, 800, 30)):
        found = fit(margin, target.astype(float)).apply(margin)
        assert np.isfinite(found).all()
        assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("fit", FITS)
def test_the_order_of_rows_makes_no_difference(fit: Callable[..., Scaling]):
    margin = np.round(draw(900), 1)  # with many ties
    target, order = happened(margin), np.random.default_rng(3).permutation(900)
    found, other = fit(margin, target), fit(margin[order], target[order])
    np.testing.assert_allclose(found.apply(GRID), other.apply(GRID), atol=1e-9)


def test_a_shift_is_drawn_towards_none_by_a_few_rows():
    assert 0 < fit_shift(np.zeros(2), np.ones(2)).intercept < logit(np.array([0.75]))[0]
    assert fit_shift(np.zeros(0), np.zeros(0)).intercept == 0
    assert fit_shift(draw(40_000), happened(draw(40_000) + 0.7)).intercept == pytest.approx(0.7, abs=0.05)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_no_scaling_is_chosen_where_margins_are_right(seed: int):
    folds = [draw(300, seed + fold) for fold in range(5)]
    choice = choose_scaling(folds, [happened(fold, seed + 50 + at) for at, fold in enumerate(folds)], ordered=False)
    loss, plain = choice.tried[method_of(choice.scaling)], choice.tried["none"]
    assert loss <= plain  # what is chosen was at least as good on rows that it was not learnt from


TWISTED = {
    "platt": lambda margin: 0.5 * margin - 0.2,
    "beta": BetaScaling(0.3, 1.8, -0.2).apply,
    "curve": lambda margin: np.clip(3 * margin, -0.8, 1.0) + 0.05 * margin,
}


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("method", list(TWISTED))
def test_the_method_that_fits_is_chosen_where_outcomes_are_many(method: str, ordered: bool):  # noqa: FBT001
    folds = [draw(3_000, seed, scale=2) for seed in range(5)]
    truth = [TWISTED[method](fold) for fold in folds]
    targets = [happened(margin, seed) for seed, margin in enumerate(truth, 90)]
    choice = choose_scaling(folds, targets, ordered=ordered)
    assert choice.scaling.method == method
    assert choice.tried[method] < choice.tried["none"]
    margins, happening = np.concatenate(folds), np.concatenate(targets)
    if ordered:  # then the number of expected conversions stays as it was
        assert sigmoid(choice.scaling.apply(margins)).sum() == pytest.approx(sigmoid(margins).sum(), rel=1e-3)
    else:
        ideal = log_loss(happening, sigmoid(np.concatenate(truth)))
        assert log_loss(happening, sigmoid(choice.scaling.apply(margins))) < ideal + 0.003


@pytest.mark.parametrize(("rows", "tried"), [(60, 2), (400, 3), (4_000, 4)])
def test_finer_methods_wait_for_outcomes(rows: int, tried: int):
    folds = np.array_split(draw(rows), 4)
    choice = choose_scaling(folds, [happened(fold) for fold in folds], ordered=False)
    assert list(choice.tried) == ["none", *METHODS][:tried]
    assert f"on {rows:,} rows that were not fitted on" in explain_choice(choice)


def test_too_few_rows_to_compare_are_said_to_be():
    choice = choose_scaling([draw(12)], [happened(draw(12))], ordered=True)
    assert explain_choice(choice) == "Left as the model gives them: too few rows to hold any back and compare."


@pytest.mark.parametrize(("rows", "steeper"), [(100, False), (2_000, True)])
def test_few_outcomes_never_make_a_model_surer_than_it_is(rows, steeper):
    """Models of the folds learnt from fewer rows than the one that ships, and are less sure for that alone."""
    random = np.random.default_rng(1)
    margin = random.normal(0, 1, rows)
    target = (random.random(rows) < sigmoid(3 * margin)).astype(float)
    halves = [margin[: rows // 2], margin[rows // 2 :]], [target[: rows // 2], target[rows // 2 :]]
    scaling = choose_scaling(*halves, ordered=True, methods=A_LINE).scaling
    assert (scaling != AS_IS) == steeper


def test_few_outcomes_can_make_a_model_less_sure():
    random = np.random.default_rng(1)
    margin = random.normal(0, 4, 100)
    target = (random.random(100) < sigmoid(margin / 8)).astype(float)
    scaling = choose_scaling(
        [margin[:50], margin[50:]], [target[:50], target[50:]], ordered=True, methods=A_LINE
    ).scaling
    assert scaling.slope < 0.6
