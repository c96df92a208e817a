"""BG/NBD and Gamma-Gamma against brute force, against other forms of their equations, and against their promises."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import hyp2f1, roots_genlaguerre, roots_jacobi
from scipy.stats import gamma as gamma_distribution

from leadwise.models.catalogue import algorithms
from leadwise.models.clv import bg_nbd, gamma_gamma
from leadwise.models.clv.bg_nbd import BgNbd, fit_bg_nbd
from leadwise.models.clv.gamma_gamma import GammaGamma, fit_gamma_gamma
from leadwise.models.clv.summary import PurchaseSummary

CDNOW = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
PARAMETERS = np.array([0.7, 3.0, 0.9, 2.5])
positive = st.floats(0.05, 20)


def summary(*customers: tuple[float, float, float, float]) -> PurchaseSummary:
    return PurchaseSummary(*np.array(customers, dtype=float).T)


FEW = summary((0, 0, 39, 0), (0, 0, 0, 0), (1, 0.2, 5, 8.0), (2, 30.4, 38.9, 22.4), (7, 38.9, 38.9, 12.0))


@st.composite
def customers(draw: st.DrawFn) -> PurchaseSummary:
    frequency = draw(st.integers(0, 300))
    age = draw(st.floats(0, 500))
    recency = age * draw(st.floats(0, 1)) if frequency else 0.0
    return summary((frequency, recency, age, 10.0 if frequency else 0.0))


models = st.builds(BgNbd, r=positive, alpha=positive, a=positive, b=positive)
usual = st.floats(0.1, 3)
usual_models = st.builds(BgNbd, r=usual, alpha=usual, a=usual, b=st.floats(1.1, 5))


def brute_force(parameters: np.ndarray, x: float, recency: float, age: float) -> float:
    """The likelihood given rate and probability to leave (section 2 of the paper), summed over both."""
    r, alpha, a, b = parameters
    rate, rate_weight = roots_genlaguerre(80, r - 1)
    leaves, leave_weight = roots_jacobi(80, b - 1, a - 1)
    rate, leaves = rate[:, None] / alpha, (1 + leaves[None, :]) / 2
    likelihood = (1 - leaves) ** x * rate**x * np.exp(-rate * age)
    if x:
        likelihood = likelihood + leaves * (1 - leaves) ** (x - 1) * rate**x * np.exp(-rate * recency)
    return float(rate_weight @ likelihood @ leave_weight / rate_weight.sum() / leave_weight.sum())


def test_the_likelihood_is_that_of_brute_force():
    found = bg_nbd.log_likelihoods(PARAMETERS, FEW)
    rows = zip(FEW.frequency, FEW.recency, FEW.age, strict=True)
    assert np.exp(found) == pytest.approx([brute_force(PARAMETERS, *row) for row in rows], rel=1e-4)


def test_the_gamma_gamma_likelihood_is_that_of_brute_force():
    p, q, gamma = 2.0, 3.5, 15.0
    scale = gamma_distribution(q, scale=1 / gamma).ppf((np.arange(200_000) + 0.5) / 200_000)
    frequency, value = np.array([1.0, 2.0, 7.0]), np.array([8.0, 22.4, 12.0])
    likelihood = [
        gamma_distribution.pdf(z, p * x, scale=1 / (scale * x)).mean() for x, z in zip(frequency, value, strict=True)
    ]
    found = gamma_gamma.log_likelihoods(np.array([p, q, gamma]), frequency, value)
    assert np.exp(found) == pytest.approx(likelihood, rel=1e-3)


@pytest.mark.parametrize("parameters", [PARAMETERS, np.array([5.0, 0.5, 0.05, 9.0])])
def test_slopes_are_those_of_the_likelihoods(parameters: np.ndarray):
    near = approx_fprime(parameters, lambda at: bg_nbd.log_likelihoods(at, FEW).sum(), 1e-7)
    assert bg_nbd.slopes(parameters, FEW).sum(axis=1) == pytest.approx(near, rel=1e-4)
    frequency, value = FEW.frequency[2:], FEW.mean_value[2:]
    near = approx_fprime(parameters[:3], lambda at: gamma_gamma.log_likelihoods(at, frequency, value).sum(), 1e-7)
    assert gamma_gamma.slopes(parameters[:3], frequency, value).sum(axis=1) == pytest.approx(near, rel=1e-4, abs=1e-5)


@given(usual_models, st.integers(0, 8), st.floats(0.5, 50), st.floats(0.1, 1))
def test_expected_purchases_are_those_of_equation_10(model: BgNbd, x: int, age: float, share: float):
    assume(abs(model.a - 1) > 0.05)  # 0 by 0 in the equation as it is printed
    one = summary((x, age / 2 if x else 0, age, 0))
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    horizon = share * (alpha + age)
    series = hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + age + horizon))
    remains = ((alpha + age) / (alpha + age + horizon)) ** (r + x) * series
    printed = (a + b + x - 1) / (a - 1) * (1 - remains) * model.probability_active(one)[0]
    assert model.expected_purchases(one, horizon)[0] == pytest.approx(printed, rel=1e-6)


def test_expected_purchases_pass_smoothly_through_a_of_one():
    around = [BgNbd(0.25, 4.0, a, 2.4).expected_purchases(FEW, 39.0) for a in (1 - 1e-6, 1.0, 1 + 1e-6)]
    assert around[1] == pytest.approx((around[0] + around[2]) / 2, rel=1e-9)


def test_frequent_buyers_overflow_nothing():
    loyal = summary((20_000, 700.0, 700.0, 5.0))
    assert CDNOW.probability_active(loyal) == pytest.approx(1, abs=0.01)
    assert 0 < CDNOW.expected_purchases(loyal, 70.0)[0] < 2_100


@given(models, customers())
def test_probabilities_lie_between_0_and_1(model: BgNbd, customer: PurchaseSummary):
    found = model.probability_active(customer)[0]
    assert 0 <= found <= 1
    if not customer.frequency[0]:
        assert found == 1


@given(models, customers(), st.floats(0.1, 400), st.floats(1, 10))
def test_expected_purchases_grow_with_the_horizon(model: BgNbd, customer: PurchaseSummary, horizon: float, more: float):
    short, long = (model.expected_purchases(customer, days)[0] for days in (horizon, horizon * more))
    assert 0 <= short <= long * (1 + 1e-9)
    assert long <= short * more * (1 + 1e-6)  # and ever more slowly, for some leave


def simulate(size: int, seed: int) -> PurchaseSummary:
    """Customers of a BG/NBD with r 1, alpha 5, a 1, b 3, watched for 60; amounts of p 4, q 5, gamma 40."""
    random = np.random.default_rng(seed)
    rates, leaves = random.gamma(1.0, 1 / 5, size), random.beta(1.0, 3.0, size)
    scales = random.gamma(5.0, 1 / 40, size)
    rows = []
    for rate, leave, scale in zip(rates, leaves, scales, strict=True):
        count, now = 0, 0.0
        while random.random() >= leave or not count:  # the first draw is of the first repeat: nobody leaves before it
            later = now + random.exponential(1 / rate)
            if later > 60:
                break
            count, now = count + 1, later
        value = random.gamma(4.0 * count, 1 / scale) / count if count else 0.0
        rows.append((count, now, 60.0, value))
    return summary(*rows)


def test_parameters_of_simulated_customers_are_found_again():
    people = simulate(8_000, seed=1)
    found, amounts = fit_bg_nbd(people), fit_gamma_gamma(people)
    assert (found.r, found.alpha) == pytest.approx((1, 5), rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(0.25, abs=0.02)
    assert (amounts.p, amounts.q, amounts.gamma) == pytest.approx((4, 5, 40), rel=0.25)
    assert amounts.p * amounts.gamma / (amounts.q - 1) == pytest.approx(40, rel=0.05)
    assert (found.warning, amounts.warning) == (None, None)


def test_another_unit_of_time_changes_alpha_and_nothing_else():
    people = simulate(500, seed=2)
    slow = PurchaseSummary(people.frequency, people.recency * 7, people.age * 7, people.mean_value)
    weeks, days = fit_bg_nbd(people), fit_bg_nbd(slow)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-4)
    assert (days.r, days.a, days.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-3)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - np.log(7) * people.frequency.sum())


def test_data_that_settle_nothing_are_told():
    same = summary(*[(3.0, 30.0, 30.0, 10.0)] * 20)
    assert "do not settle" in (fit_bg_nbd(same).warning or "")
    assert "do not settle p" in (fit_gamma_gamma(same).warning or "")
    assert fit_gamma_gamma(same).expected_value(same) == pytest.approx(np.full(20, 10.0), rel=0.01)


def test_expected_amounts_lie_between_the_own_mean_and_that_of_all():
    model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    of_all = model.expected_value(summary((0, 0, 1, 0)))[0]
    once, often = model.expected_value(summary((1, 1, 1, 100.0), (50, 1, 1, 100.0)))
    assert of_all < once < often < 100


def test_models_of_transactions_do_not_compete_on_the_leaderboard():
    assert not any("clv" in type_.__module__ for type_ in algorithms().values())
