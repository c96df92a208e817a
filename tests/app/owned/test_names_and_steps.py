"""How users' names become targets, and what the steps of preprocessing do to rows."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwise.app.owned.config import to_config
from leadwise.app.owned.model_types import LEAD_CONVERSION, MODEL_TYPES
from leadwise.app.owned.owners import LONGEST, UnusableOwnerError, is_owned, model_type_of, target_of
from leadwise.app.owned.preprocessing import preprocess_rows
from leadwise.domain.errors import LeadwiseError
from leadwise.features.history import definitions
from leadwise.store.cleaning import check_name

ROWS = [
    {"visits": 1, "city": "Pune", "since": "2024-01-03", "won": False},
    {"visits": None, "city": "Oslo", "since": "2024-02-05", "won": True},
    {"visits": 4, "city": "Pune", "since": "2024-03-09", "won": False},
    {"visits": 4, "city": None, "since": "2024-04-12", "won": True},
    {"visits": 31, "city": "Pune", "since": "2024-05-20", "won": True},
]


def processed(config: dict[str, object], outcome: str | None = None) -> dict[str, list[object]]:
    found = preprocess_rows(LEAD_CONVERSION, ROWS, to_config(config), outcome)
    return {name: [row[name] for row in found["processed_data"]] for name in found["columns"]}


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=LONGEST).filter(str.strip)


@given(NAMES, NAMES)
def test_each_user_has_targets_of_their_own_that_can_be_stored(one, other):
    target = target_of("lead_conversion", one)
    assert check_name("target", target) == target
    assert is_owned(target)
    assert model_type_of(target) == "lead_conversion"
    assert (target == target_of("lead_conversion", other)) == (one == other)


@pytest.mark.parametrize("user_id", ["", " ", "x" * (LONGEST + 1)])
def test_nobody_is_called_so(user_id):
    with pytest.raises(UnusableOwnerError):
        target_of("lead_conversion", user_id)


@pytest.mark.parametrize("model_type", MODEL_TYPES.values(), ids=lambda each: each.name)
def test_every_column_is_a_feature_of_the_blueprint(model_type):
    whole = {each.name for each in definitions(model_type.blueprint.target)}
    assert set(model_type.columns.values()) <= whole
    assert {column for columns in model_type.sources.values() for column in columns} == set(model_type.fields)


def test_callers_leads_and_past_leads_are_both_looked_at_on_arrival():
    assert LEAD_CONVERSION.target(tuple(LEAD_CONVERSION.fields)).ages_days == (0,)
    assert len(LEAD_CONVERSION.target(("lead_score", "replies")).ages_days) > 1


@pytest.mark.parametrize(
    ("strategy", "expected"), [("mean", 10.0), ("median", 4.0), ("most_frequent", 4.0), ("constant", 7.0)]
)
def test_missing_numbers_are_filled(strategy, expected):
    config = {"missing_value_strategy": strategy} | ({"fill_value": 7} if strategy == "constant" else {})
    assert processed(config)["visits"][1] == expected


def test_categories_are_encoded():
    one_hot = processed({"categorical_encoding": "one_hot"})
    assert [value == 1 for value in one_hot["city = Oslo"]] == [False, True, False, False, False]
    assert "city" not in one_hot
    label = processed({"categorical_encoding": "label"})["city"]
    assert label[0] == label[2] != label[1]


def test_numbers_are_scaled():
    filled = {"missing_value_strategy": "mean"}
    standard = processed(filled | {"scaling": "standard"})["visits"]
    assert (statistics.fmean(standard), statistics.pstdev(standard)) == pytest.approx((0, 1), abs=1e-9)
    small = processed(filled | {"feature_scaling": "min_max"})["visits"]
    assert (min(small), max(small)) == (0, 1)


@pytest.mark.parametrize("selection", ["k_best", "mutual_information"])
def test_features_are_selected(selection):
    found = processed({"feature_selection": selection, "selected_features": 1}, "won")
    assert len(found.keys() - {"won"}) == 1
    assert found["won"] == [row["won"] for row in ROWS]


@pytest.mark.parametrize("derivation", ["time", "interactions", "log"])
def test_further_features_are_made(derivation):
    before, after = processed({}), processed({"feature_engineering": [derivation]})
    assert len(after) > len(before)


def test_a_step_that_is_not_wanted_is_none():
    assert to_config({"feature_selection": "none", "scaling": None, "categorical_encoding": ""}) == {}


@pytest.mark.parametrize(
    "config",
    [{"scaling": "robust"}, {"fill_value": 3}, {"selected_features": 2}, {"feature_selection": "k_best"}, {"x": 1}],
    ids=str,
)
def test_what_means_nothing_is_refused(config):
    with pytest.raises(LeadwiseError) as refusal:
        processed(config)
    assert refusal.value.status == 422
