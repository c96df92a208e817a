"""Models that belong to users, trained in this process on the real database."""

import math
import random
import statistics
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from leadwise.app.owned.model_types import CUSTOMER_LIFETIME_VALUE, LEAD_CONVERSION, UnfitAlgorithmError
from leadwise.app.owned.order import AlreadyTrainingError, TrainingOrder
from leadwise.app.owned.owners import target_of
from leadwise.app.owned.rows import InsufficientDataError
from leadwise.app.owned.training import train
from leadwise.domain.prediction import Prediction
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.registry.versions import ModelVersions
from leadwise.scoring.requests import ModelScorer
from leadwise.store.audit import AuditRepository
from leadwise.store.database import Database
from leadwise.store.training_turns import take_turn
from leadwise.training.options import SearchStyle

CONVERSION = [("lead_conversion", each) for each in LEAD_CONVERSION.algorithms]
VALUE = [("customer_lifetime_value", each) for each in CUSTOMER_LIFETIME_VALUE.algorithms]


def customers(count: int = 160, *, missing: float = 0.0) -> list[dict[str, Any]]:
    """Rows whose outcome grows with `points`; `noise` says nothing, `tier` a little."""
    chance = random.Random(7)  # noqa: S311 - the same each time
    found = []
    for _ in range(count):
        points, tier = math.exp(chance.gauss(2, 0.8)), chance.choice(["gold", "tin"])
        high = points + 3 * (tier == "gold") + chance.gauss(0, 4)
        row = {"points": round(points), "noise": chance.gauss(0, 1), "tier": tier}
        if chance.random() < missing:
            row["points"] = None
        found.append(row | {"converted": high > 10, "lifetime_value": round(10 * max(0.0, high), 2)})
    return found


def order(model_type: str = "lead_conversion", algorithm: str = "logistic_regression", **more: Any) -> TrainingOrder:
    other = "lifetime_value" if model_type == "lead_conversion" else "converted"
    rows = [{name: value for name, value in row.items() if name != other} for row in more.pop("rows", customers())]
    usual = TrainingOrder("default", "ann", model_type, algorithm, "mine", "a test", rows=rows, budget_seconds=4)
    return replace(usual, **more)


def learn(database: Database, wanted: TrainingOrder) -> dict[str, Any]:
    return train(database, DuckDBEngine(), wanted)


def ask(database: Database, wanted: TrainingOrder, *rows: dict[str, Any]) -> list[Prediction]:
    """What the model that was trained says."""
    with database.transaction("default") as connection:
        target = target_of(wanted.model_type, wanted.user_id)
        model = ModelVersions(connection, target, "default").get_active()
    return ModelScorer(model).predict(rows, datetime.now(UTC))


@pytest.mark.parametrize(("model_type", "algorithm"), [*CONVERSION, *VALUE])
def test_each_type_of_model_is_learnt_by_each_of_its_algorithms(database, model_type, algorithm):
    wanted = order(model_type, algorithm)
    told = learn(database, wanted)
    assert told["algorithm"] == algorithm
    assert all(score is not None for score in told["metrics"].values())
    few, many = ask(database, wanted, {"points": 2, "tier": "tin"}, {"points": 30, "tier": "gold"})
    assert few.model_version == told["model_version"]
    if model_type == "lead_conversion":
        assert few.probability < many.probability
    else:
        assert 0 <= few.value < many.value
        assert many.value_low <= many.value <= many.value_high


def test_no_amount_below_zero_is_promised_where_none_was(database):
    rows = [{"points": at % 40, "lifetime_value": max(0, at % 40 - 25)} for at in range(160)]
    wanted = order("customer_lifetime_value", "linear_regression", rows=rows, features=("points",))
    learn(database, wanted)
    assert ask(database, wanted, {"points": 0})[0].value == 0


def test_an_algorithm_of_the_other_type_is_refused():
    with pytest.raises(UnfitAlgorithmError, match="logistic_regression"):
        LEAD_CONVERSION.check_algorithm("linear_regression")
    with pytest.raises(UnfitAlgorithmError, match="linear_regression"):
        CUSTOMER_LIFETIME_VALUE.check_algorithm("logistic_regression")
    assert LEAD_CONVERSION.check_algorithm("Random Forest") == "random_forest"


def test_a_grid_is_searched_where_that_is_asked_for(database):
    told = learn(database, order(algorithm="random_forest", search=SearchStyle.GRID, search_trials=3))
    assert told["hyperparameter_trials"] == 3
    assert told["hyperparameters"]


@pytest.mark.parametrize(
    ("config", "stands_in"),
    [
        ({"missing_value_strategy": "mean"}, statistics.fmean),
        ({"missing_value_strategy": "median"}, statistics.median),
        ({"missing_value_strategy": "most_frequent"}, statistics.mode),
        ({"missing_value_strategy": "constant", "fill_value": 3.0}, lambda _: 3.0),
    ],
    ids=lambda value: value["missing_value_strategy"] if isinstance(value, dict) else "",
)
def test_what_is_missing_counts_as_the_strategy_says(database, config, stands_in):
    rows = customers(missing=0.2)
    wanted = order(rows=rows, preprocessing=config, features=("points",))
    learn(database, wanted)
    expected = stands_in([row["points"] for row in rows if row["points"] is not None])
    unknown, filled, other = ask(database, wanted, {}, {"points": expected}, {"points": expected + 5})
    assert unknown.probability == pytest.approx(filled.probability, rel=1e-6)
    assert unknown.probability != pytest.approx(other.probability, rel=1e-3)


@pytest.mark.parametrize("selection", ["k_best", "mutual_information"])
def test_features_are_selected_by_how_far_they_go(database, selection):
    wanted = order(preprocessing={"feature_selection": selection, "selected_features": 1})
    learn(database, wanted)
    (said,) = ask(database, wanted, {"points": 20, "noise": 3, "tier": "gold"})
    assert [each["column"] for each in said.contributions] == ["points"]


def test_features_that_are_named_are_the_only_ones(database):
    told = learn(database, order(features=("noise", "tier")))
    assert told["features"] == ["noise", "tier"]


def test_two_users_may_learn_the_same_from_the_same_rows(database):
    ann, bob = order(), order(user_id="bob")
    versions = {learn(database, wanted)["model_version"] for wanted in (ann, bob, ann)}
    assert len(versions) == 2
    with database.transaction() as connection:
        done = [(entry.action, entry.done_by) for entry in AuditRepository(connection, "default").list(20)]
    assert done.count(("train", "a test")) == 3


def test_a_model_is_not_trained_by_two_at_once(database):
    wanted = order()
    with database.transaction("default") as connection:
        assert take_turn(connection, "default", target_of(wanted.model_type, wanted.user_id))
        with pytest.raises(AlreadyTrainingError):
            learn(database, wanted)
        learn(database, replace(wanted, user_id="bob"))


@pytest.mark.parametrize("count", [1, 19])
def test_too_few_amounts_are_refused_with_how_many_there_are(database, count):
    with pytest.raises(InsufficientDataError, match=rf"at least 20 .* there are {count}"):
        learn(database, order("customer_lifetime_value", "linear_regression", rows=customers(count)))


def test_without_stored_leads_it_is_said_how_many_are_needed(database):
    with pytest.raises(InsufficientDataError, match="at least 20 are needed"):
        learn(database, replace(order(), rows=None))


@pytest.mark.parametrize(
    "odd",
    [
        [{"a": 2**63 + at, "b": -(2**63), "c": 1e308 * (at % 3), "d": 1e300 / (at + 1)} for at in range(4)],
        [{"a": "", "b": None, "c": "NaN"}, {"a": "Infinity", "b": "-1e999", "c": 1}],
        [{"": 1, "\x00": "\x00x", "a" * 5000: True, "b": "\x00"}, {"": 2, "\x00": "y", "b": "b\x00"}],
        [{"a": 1}, {"a": "one"}, {"a": True}, {"a": None}, {"a": 1.5, "b": "שלום 🚗"}],
    ],
    ids=["huge", "nothing", "odd names", "mixed"],
)
def test_odd_rows_are_learnt_from(database, odd):
    rows = [odd[at % len(odd)] | {"points": at % 7, "converted": at % 3 == 0} for at in range(90)]
    told = learn(database, order(rows=rows))
    assert "points" in told["features"]
    assert ask(database, order(), *odd)
