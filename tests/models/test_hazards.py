"""What every model of time to conversion promises, and what its periods count."""

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from leadwise.domain.frame import Feature, FeatureKind, Frame
from leadwise.models.hazards import person_periods
from leadwise.models.hazards.catalogue import HAZARD_MODELS
from leadwise.models.hazards.hazard_model import HazardModel, NoExactReasonsError
from leadwise.models.hazards.person_periods import PersonPeriods
from leadwise.models.hazards.spans import Spans, ages_until

FEATURES = (
    Feature("Visits", "Visits"),
    Feature("Source", "Source", FeatureKind.CATEGORY, ("web", "referral", "call", "fair")),
    Feature("Always one", "Always one"),
    Feature("Nothing", "Nothing"),
)
AGES = ages_until(120)


def make_leads(rows: int = 800, seed: int = 0) -> tuple[Frame, Spans]:
    """Visits speed conversion up; referrals convert at once or never; each lead was watched for 1 to 120 days."""
    random = np.random.default_rng(seed)
    visits, source = random.poisson(4, rows).astype(float), random.integers(0, 4, rows)
    days = random.exponential(400 * np.exp(-0.4 * visits))
    days = np.where(source == 1, np.where(random.random(rows) < 0.4, random.uniform(0, 2, rows), np.inf), days)
    watched = random.uniform(1, 120, rows)
    values = np.column_stack([visits, source, np.ones(rows), np.full(rows, np.nan)])
    values[random.random(rows) < 0.1, 0] = np.nan
    return Frame(FEATURES, values), Spans(np.minimum(days, watched), days <= watched)


def fit(name: str, rows: int = 800) -> HazardModel:
    frame, spans = make_leads(rows)
    return HAZARD_MODELS[name](AGES, 90.0).fit(frame, spans, seed=3)


@pytest.fixture(scope="module", params=HAZARD_MODELS)
def model(request):
    return fit(request.param)


def test_contributions_add_up_to_the_log_odds(model):
    frame, _ = make_leads(200, seed=6)
    explanation = model.explain(frame)
    assert explanation.contributions.shape == frame.values.shape
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.predict(frame), rtol=1e-9, atol=1e-9)


def test_margins_are_those_of_the_curve_at_the_horizon(model):
    frame, _ = make_leads(50, seed=6)
    probability = 1 - np.exp(-model.cumulative(frame)[:, np.searchsorted(AGES, 90.0) - 1])
    np.testing.assert_allclose(model.predict(frame), np.log(probability / (1 - probability)), rtol=1e-9)


def test_exact_reasons_are_refused_in_a_sentence(model):
    frame, _ = make_leads(5)
    with pytest.raises(NoExactReasonsError, match="leave --exact out"):
        model.explain_exactly(frame)


def test_curves_never_fall(model):
    frame, _ = make_leads(200, seed=6)
    assert (np.diff(model.cumulative(frame), axis=1) >= 0).all()


def test_a_seed_gives_the_same_twice(model):
    assert fit(model.name).save() == model.save()


def test_a_loaded_model_says_the_same_to_the_last_bit(model):
    frame, _ = make_leads(100, seed=7)
    loaded = type(model).load(FEATURES, model.save())
    np.testing.assert_array_equal(loaded.predict(frame), model.predict(frame))
    np.testing.assert_array_equal(loaded.median_days(frame), model.median_days(frame))
    np.testing.assert_array_equal(loaded.explain(frame).contributions, model.explain(frame).contributions)


def test_one_row_equals_its_place_in_a_batch(model):
    frame, _ = make_leads(20, seed=5)
    alone = np.concatenate([model.predict(frame.take(slice(row, row + 1))) for row in range(20)])
    np.testing.assert_allclose(alone, model.predict(frame), rtol=1e-12, atol=1e-12)


def test_what_never_varied_contributes_nothing(model):
    frame, _ = make_leads(50, seed=7)
    assert np.abs(model.explain(frame).contributions[:, 2:]).max() == 0


def test_strange_values_are_scored(model):
    frame = Frame(FEATURES, np.array([[1e300, 4, 9, 1], [np.nan] * 4, [-1e300, 0, 0, 0]]))
    assert np.isfinite(model.predict(frame)).all()


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("name", HAZARD_MODELS)
def test_a_handful_of_leads_is_enough_to_fit(name, rows):
    frame, _ = make_leads(20, seed=2)
    assert np.isfinite(fit(name, rows).predict(frame)).all()


@pytest.mark.parametrize("name", HAZARD_MODELS)
@pytest.mark.parametrize("converted", [True, False])
def test_leads_that_all_end_alike_are_enough_to_fit(name, converted):
    frame, spans = make_leads(60)
    alike = Spans(spans.days, np.full(60, converted))
    probability = 1 / (1 + np.exp(-HAZARD_MODELS[name](AGES, 90.0).fit(frame, alike, seed=1).predict(frame)))
    assert ((probability > 0.5) == converted).all()


@pytest.mark.parametrize("name", ["linear_hazards", "boosted_hazards"])
def test_it_ranks_leads_that_it_has_not_seen(name):
    frame, _ = make_leads(400, seed=9)
    margins, visits = fit(name).predict(frame), frame.values[:, 0]
    usual = frame.values[:, 1] != 1
    assert margins[usual & (visits >= 6)].mean() > margins[usual & (visits <= 2)].mean() + 1


def test_boosted_hazards_tell_who_converts_early_from_who_converts_late():
    model = fit("boosted_hazards", rows=4_000)
    rows = np.array([[4.0, 1, 1, np.nan], [4.0, 0, 1, np.nan]])
    referral, web = 1 - np.exp(-model.cumulative(Frame(FEATURES, rows)))
    week, last = np.searchsorted(AGES, 7.0) - 1, np.searchsorted(AGES, 90.0) - 1
    assert referral[week] > 3 * web[week]
    assert referral[last] - referral[week] < 0.1 < web[last] - web[week]


def test_the_median_is_where_half_have_converted_and_unknown_where_that_was_not_seen():
    days = np.repeat([2.0, 10.0, 200.0], [300, 300, 400])
    frame = Frame((), np.zeros((1, 0)))
    seen = HAZARD_MODELS["kaplan_meier"](ages_until(30), 30.0)
    (median,) = seen.fit(frame, Spans(days, days < 100), seed=1).median_days(frame)
    assert 7 < median <= 14
    (unknown,) = seen.fit(frame, Spans(days, days < 5), seed=1).median_days(frame)
    assert np.isnan(unknown)


@pytest.fixture
def no_prior(monkeypatch):
    monkeypatch.setattr(person_periods, "PRIOR_LEADS", 1e-12)


@pytest.mark.usefixtures("no_prior")
@pytest.mark.parametrize("digits", [0, 6])
def test_hazards_of_all_leads_are_those_of_kaplan_meier(digits):
    """Against lifelines, with many conversions on the same day and with none; some of them at once."""
    random = np.random.default_rng(0)
    converts, watched = np.round(random.exponential(20, 400), digits), np.round(random.uniform(0, 60, 400), digits)
    spans = Spans(np.minimum(converts, watched), converts <= watched)
    ages = np.array([0.0, 1, 3, 7, 14, 30, 45])
    periods = PersonPeriods.of(spans, ages)
    reference = KaplanMeierFitter().fit(spans.days, spans.converted).predict(ages[1:])
    np.testing.assert_allclose(np.exp(-np.cumsum(periods.hazards)), reference, rtol=1e-9)


@pytest.mark.usefixtures("no_prior")
@pytest.mark.parametrize("digits", [0, 6])
def test_as_many_conversions_are_expected_as_happened_in_each_interval(digits):
    random = np.random.default_rng(1)
    converts, watched = np.round(random.exponential(20, 400), digits), np.round(random.uniform(0, 60, 400), digits)
    spans = Spans(np.minimum(converts, watched), converts <= watched)
    periods = PersonPeriods.of(spans, ages_until(45))
    np.testing.assert_allclose(periods.expected.sum(axis=0), periods.converted.sum(axis=0), rtol=1e-6)


def test_an_open_lead_counts_only_for_the_time_it_was_watched():
    spans = Spans(np.array([2.0, 5.0, 40.0]), np.array([False, True, False]))
    periods = PersonPeriods.of(spans, ages_until(30))
    assert (periods.expected > 0).sum(axis=1).tolist() == [1, 3, 5]  # nobody converted from day 1 to day 2
    assert periods.converted.sum(axis=1).tolist() == [0, 1, 0]


def test_without_a_conversion_the_imagined_leads_speak():
    periods = PersonPeriods.of(Spans(np.full(3, 90.0), np.zeros(3, dtype=bool)), ages_until(90))
    assert 0.05 < 1 - np.exp(-periods.hazards.sum()) < 0.1
