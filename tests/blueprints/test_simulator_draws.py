from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy.stats import spearmanr

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.blueprints.simulator_drawn import Drawing, Drawn
from leadwise.blueprints.simulator_draws import Draw, draw_fields
from leadwise.blueprints.simulator_orders import draw_orders, expected_amounts, expected_orders, median_amounts
from leadwise.blueprints.simulator_process import best_auc, simulate_tables
from leadwise.features.email_domains import kind_of_address
from leadwise.features.phone_numbers import country_of, is_valid

COUNT = 4_000
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
ARRIVALS = np.full(COUNT, int(NOW.timestamp()))
DRAW: TypeAdapter[Draw] = TypeAdapter(Draw)
PERSON = {"draw": "person"}


def drawn(**fields: dict) -> dict[str, Drawn]:
    draws = {name: DRAW.validate_python(settings) for name, settings in fields.items()}
    return draw_fields(Drawing(np.random.default_rng(1), ARRIVALS), draws)


def test_labels_come_as_often_as_their_shares_say_and_have_their_effects():
    found = drawn(city={"draw": "labels", "shares": {"Oslo": 3, "Pune": 1}, "effects": {"Pune": 0.7}})["city"]
    is_pune = found.values == "Pune"
    assert is_pune.mean() == pytest.approx(0.25, abs=0.03)
    assert found.log_odds.tolist() == np.where(is_pune, 0.7, 0.0).tolist()


@pytest.mark.parametrize(
    "settings",
    [
        {"draw": "normal", "mean": 50, "spread": 10, "effect": 0.5},
        {"draw": "lognormal", "median": 50, "spread": 0.4, "effect": 0.5},
        {"draw": "lognormal", "median": 50, "spread": 0.4, "along": {"other": 0.3}, "effect": 0.5},
    ],
)
def test_the_effect_of_a_number_is_per_standard_deviation(settings):
    found = drawn(other={"draw": "normal", "mean": 0, "spread": 1}, amount=settings)["amount"]
    assert np.median(found.values) == pytest.approx(50, rel=0.03)
    assert found.score.std() == pytest.approx(1, abs=0.03)
    assert found.log_odds == pytest.approx(0.5 * found.score)


def test_numbers_keep_their_bounds_and_digits():
    found = drawn(score={"draw": "normal", "mean": 50, "spread": 40, "lowest": 0, "highest": 100, "digits": -1})
    values = found["score"].values
    assert set(values.tolist()) == set(range(0, 101, 10))
    assert np.abs(found["score"].score).max() == pytest.approx(50 / 40)


def test_a_number_follows_others_and_labels():
    found = drawn(
        year={"draw": "year", "back": 10},
        model={"draw": "labels", "shares": {"small": 1, "large": 1}},
        make={"draw": "lookup", "of": "model", "by": {"small": "S", "large": "L"}},
        price={
            "draw": "lognormal",
            "median": 100,
            "spread": 0.1,
            "digits": 2,
            "along": {"year": 0.5},
            "factor_of": "model",
            "factors": {"large": 3},
        },
        title={"draw": "composed", "template": "{make} {model} of {year}"},
    )
    small = found["model"].values == "small"
    assert (found["make"].values == np.where(small, "S", "L")).all()
    assert np.median(found["price"].values[~small]) > 2 * np.median(found["price"].values[small])
    years = found["year"].values.astype(float)
    assert years.min() == 2016
    assert years.max() == 2026
    assert spearmanr(years[small], found["price"].values[small]).statistic > 0.9
    row = {name: found[name].values[0] for name in found}
    assert row["title"] == f"{row['make']} {row['model']} of {row['year']}"


def test_what_is_missing_is_missing_by_chance_and_has_its_own_effect_only():
    settings = {"draw": "lognormal", "median": 9, "spread": 1, "effect": 1, "missing": 0.2, "missing_effect": -0.4}
    found = drawn(size=settings)["size"]
    gone = np.isnan(found.values)
    assert gone.mean() == pytest.approx(0.2, abs=0.03)
    assert set(found.log_odds[gone]) == {-0.4}


def test_what_needs_something_is_not_there_without_it():
    found = drawn(
        home={"draw": "yes_no", "share": 0.5},
        price={"draw": "lognormal", "median": 9, "spread": 1, "effect": 1, "only_if": "home"},
        photos={"draw": "yes_no", "share": 0.9, "effect": 1, "only_if": "home"},
    )
    without = ~found["home"].values.astype(bool)
    assert np.isnan(found["price"].values[without]).all()
    assert not found["photos"].values[without].any()
    assert not found["price"].log_odds[without].any()
    assert not found["photos"].log_odds[without].any()


def test_dates_lie_before_the_arrival():
    found = drawn(since={"draw": "date", "median": 100, "spread": 1, "lowest": 1})["since"]
    days = [(NOW.date() - datetime.fromisoformat(value).date()).days for value in found.values]
    assert min(days) >= 1
    assert np.median(days) == pytest.approx(100, rel=0.1)


def test_words_are_as_long_as_they_are_said_to_be():
    found = drawn(text={"draw": "words", "median": 80, "spread": 0.5, "highest": 150})["text"]
    lengths = [len(value) for value in found.values]
    assert max(lengths) <= 150
    assert np.median(lengths) == pytest.approx(80, rel=0.1)


def test_addresses_are_of_the_sort_that_features_see():
    shares = {"company": 1, "free": 1, "disposable": 1, "invalid": 1}
    found = drawn(
        name=PERSON,
        company={"draw": "company"},
        email={"draw": "email", "person": "name", "company": "company", "shares": shares},
    )["email"]
    kinds = [kind_of_address(value) for value in found.values]
    assert len(set(kinds)) == 4
    assert all("simulated" in value or value.endswith(".example") for value in found.values)


def test_phone_numbers_are_of_the_country_that_features_see():
    shares = {"DE": 1, "US": 1, "GB": 1, "FR": 1, "invalid": 1}
    effects = {"DE": 0.1, "US": 0.2, "GB": 0.3, "FR": 0.4, "invalid": 0.5}
    found = drawn(phone={"draw": "phone", "shares": shares, "effects": effects})["phone"]
    of = {0.1: "DE", 0.2: "US", 0.3: "GB", 0.4: "FR"}
    for number, effect in zip(found.values[:200], found.log_odds[:200], strict=True):
        assert is_valid(number) == (effect != 0.5)
        assert effect == 0.5 or country_of(number) == of[effect]


@pytest.mark.parametrize(
    "settings",
    [
        {"draw": "labels", "shares": {}},
        {"draw": "labels", "shares": {"a": 0}},
        {"draw": "labels", "shares": {"a": 1}, "effects": {"b": 1}},
        {"draw": "email", "person": "name", "shares": {"work": 1}},
        {"draw": "phone", "shares": {"XX": 1}},
        {"draw": "lognormal", "median": 0, "spread": 1},
        {"draw": "normal", "mean": float("inf"), "spread": 1},
    ],
)
def test_what_cannot_be_drawn_is_refused(settings):
    with pytest.raises(ValidationError):
        DRAW.validate_python(settings)


def test_expected_orders_are_the_mean_of_what_customers_order():
    blueprint = load_blueprint("customer-value")
    settings, orders = blueprint.simulator, blueprint.simulator.orders
    assert orders is not None
    rng, count, horizon = np.random.default_rng(2), 100_000, 180
    shown = np.full(count, 0.3)
    medians = median_amounts(orders, {"age": Drawn(np.zeros(count), np.ones(count), np.zeros(count))}, count)
    intent = settings.hidden_intent * rng.standard_normal(count)
    made = draw_orders(rng, orders, shown + intent, medians, np.full(count, horizon * 24.0))
    again = made.hours > 0
    chance, number = expected_orders(settings, shown[:1], horizon)
    assert np.bincount(made.lead[again], minlength=count).mean() == pytest.approx(number[0], rel=0.03)
    assert len(np.unique(made.lead[again])) / count == pytest.approx(chance[0], abs=0.01)
    assert made.amount[again].sum() / count == pytest.approx(
        (number * expected_amounts(orders, medians[:1]))[0], rel=0.05
    )
    assert (made.amount > 0).all()
    assert (made.hours <= made.active_hours[made.lead]).all()


def test_homes_sell_in_the_second_year_as_in_the_first():
    """Without hidden intent: with it, those that remain are the ones who were less likely all along."""
    blueprint = load_blueprint("real-estate-seller")
    settings = blueprint.simulator.model_copy(update={"hidden_intent": 0.0, "fields": blueprint.simulator.fields})
    tables = simulate_tables(blueprint.model_copy(update={"simulator": settings}), 30_000, 3, NOW)
    arrived = dict(zip(tables.leads["external_id"].to_pylist(), tables.leads["occurred_at"].to_pylist(), strict=True))
    chance = dict(zip(*(tables.truth[name].to_pylist() for name in ("external_id", "probability")), strict=True))
    year = timedelta(days=365)
    old = {lead for lead, when in arrived.items() if when < NOW - 2 * year - timedelta(days=4)}
    sold = {
        row["lead"]: (row["occurred_at"] - arrived[row["lead"]]) // year
        for row in tables.outcomes.to_pylist()
        if row["won"] and row["lead"] in old
    }
    left = [lead for lead in old if sold.get(lead) != 0]
    expected = np.array([chance[lead] for lead in left])
    second = sum(sold.get(lead) == 1 for lead in left)
    assert abs(second - expected.sum()) < 3 * np.sqrt((expected * (1 - expected)).sum())


def test_the_best_auc_of_a_world_without_differences_is_that_of_a_coin():
    assert np.isnan(best_auc(np.array([])))
    assert np.isnan(best_auc(np.array([1.0, 1.0])))
    assert best_auc(np.linspace(0.5, 0.5001, 1000)) == pytest.approx(0.5, abs=0.01)
