"""Preprocessing by name: each option has its effect, learns from the rows that it is fitted on, and loses no reason."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwise.domain.card import Task
from leadwise.domain.choices import UnknownChoiceError
from leadwise.domain.frame import Feature, FeatureKind, Frame
from leadwise.domain.preprocessing import (
    PreprocessingConflictError,
    UnknownPreprocessingError,
    read_preprocessing,
)
from leadwise.models.preprocessed import Preprocessed
from leadwise.models.preprocessing.preprocessor import Preprocessor
from leadwise.models.preprocessing.selected import mutual_information

NAN = np.nan
VISITS, PRICE = Feature("visits", "visits"), Feature("price", "price")
CITY = Feature("city", "city", FeatureKind.CATEGORY, ("Pune", "Oslo", "Rome"))
FULL = {
    "missing_value_strategy": "median",
    "categorical_encoding": "one_hot",
    "feature_scaling": "standard",
    "feature_selection": "mutual_information",
    "selected_features": 12,
    "feature_engineering": ["time", "interactions", "log"],
}


def prepare(frame: Frame, target: np.ndarray | None = None, new: Frame | None = None, **config: object) -> Frame:
    return Preprocessor.fit(read_preprocessing(config), frame, target).transform(new or frame)


def numbers(*values: float) -> Frame:
    return Frame((VISITS,), np.array(values).reshape(-1, 1))


def cities(*codes: float) -> Frame:
    return Frame((CITY,), np.array(codes).reshape(-1, 1))


@pytest.mark.parametrize(
    ("config", "number", "code"),
    [
        ({"missing_value_strategy": "mean"}, 4.0, 1.0),
        ({"missing_value_strategy": "median"}, 2.0, 1.0),
        ({"missing_value_strategy": "most_frequent"}, 1.0, 1.0),
        ({"missing_value_strategy": "constant"}, 0.0, 3.0),
        ({"missing_value_strategy": "constant", "fill_value": 7}, 7.0, 3.0),
        ({"missing_value_strategy": "constant", "fill_value": "Rome"}, 0.0, 2.0),
    ],
)
def test_what_stands_in_for_values_that_are_not_given(config, number, code):
    assert prepare(numbers(1, 1, 2, 5, 11, NAN), **config).values[-1, 0] == number
    assert prepare(cities(1, 1, 0, NAN), **config).values[-1, 0] == code


def test_a_constant_of_categories_is_a_level_of_its_own_and_moves_another_value_behind_it():
    prepared = prepare(cities(0, 3, NAN), missing_value_strategy="constant", fill_value="nowhere")
    assert prepared.features[0].levels == (*CITY.levels, "nowhere")
    assert prepared.values[:, 0].tolist() == [0.0, 4.0, 3.0]


def test_one_hot_gives_each_seen_value_a_number_and_an_unseen_one_none():
    prepared = prepare(cities(0, 2, 2, NAN), new=cities(0, 2, 1, NAN), categorical_encoding="one_hot")
    assert prepared.names == ("city = not given", "city = Pune", "city = Rome")
    assert prepared.values.tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_labels_are_the_codes_as_numbers():
    prepared = prepare(cities(0, 2, 1, 3), categorical_encoding="label")
    assert not prepared.features[0].is_category
    assert prepared.values[:, 0].tolist() == [0, 2, 1, 3]


def test_scaling_is_that_of_the_training_rows():
    old, new = numbers(0, 5, 10), numbers(20, NAN)
    assert prepare(old, feature_scaling="min_max").values[:, 0].tolist() == [0, 0.5, 1]
    np.testing.assert_allclose(prepare(old, new=new, feature_scaling="min_max").values[:, 0], [2, NAN])
    standard = prepare(old, feature_scaling="standard").values[:, 0]
    assert (standard.mean(), standard.std()) == pytest.approx((0, 1))


def test_scaling_leaves_categories_and_what_is_constant_unharmed():
    frame = Frame((CITY, VISITS), np.array([[2.0, 7.0], [0.0, 7.0]]))
    assert prepare(frame, feature_scaling="standard").values.tolist() == [[2, 0], [0, 0]]


def test_k_best_and_mutual_information_find_different_signs():
    random = np.random.default_rng(1)
    line, bow, noise = random.normal(size=(3, 2_000))
    target = (0.7 * line + 2.0 * (np.abs(bow) > 1) + random.normal(size=2_000) > 1).astype(float)
    names = ("line", "bow", "noise")
    frame = Frame(tuple(Feature(name, name) for name in names), np.column_stack([line, bow, noise]))
    best = prepare(frame, target, feature_selection="k_best", selected_features=1)
    told = prepare(frame, target, feature_selection="mutual_information", selected_features=1)
    assert (best.names, told.names) == (("line",), ("bow",))
    assert prepare(frame, target, feature_selection="k_best").names == names  # ten of three are three


def test_mutual_information_of_a_code_with_itself_is_its_entropy():
    random = np.random.default_rng(2)
    code = random.choice(3, 30_000, p=[0.5, 0.3, 0.2])
    entropy = -sum(p * np.log(p) for p in (0.5, 0.3, 0.2))
    assert mutual_information(code, code) == pytest.approx(entropy, abs=0.01)
    assert abs(mutual_information(code, random.permutation(code))) < 1e-3


def test_time_features_of_a_date():
    parts = [Feature(f"seen ({part})", "seen", part=part) for part in ("day", "weekday", "month", "hour")]
    other = Feature("won (day)", "won", part="day")
    frame = Frame((*parts, other), np.array([[0.0, 3, 1, 12, 5], [2.0, 5, 12, 3, NAN]]))
    prepared = prepare(frame, feature_engineering="time")
    made = dict(zip(prepared.names, prepared.values.T, strict=True))
    assert made["seen (weekend)"].tolist() == [0, 1]
    assert made["seen (quarter)"].tolist() == [1, 4]
    assert made["seen (office hours)"].tolist() == [1, 0]
    np.testing.assert_array_equal(made["Days from seen to won"], [5, NAN])
    january, december = np.column_stack([made["seen (month, sine)"], made["seen (month, cosine)"]])
    assert np.linalg.norm(january - december) < 0.6  # neighbours, though their numbers are 11 apart


def test_a_logarithm_keeps_zero_sign_and_order():
    prepared = prepare(numbers(-10, 0, NAN, np.e - 1), feature_engineering=["log"])
    assert prepared.names == ("visits", "visits (log)")
    np.testing.assert_allclose(prepared.values[:, 1], [-np.log(11), 0, NAN, 1])


def test_interactions_are_products_of_different_columns():
    frame = Frame((VISITS, PRICE), np.array([[2.0, 3.0], [4.0, NAN], [5.0, 6.0]]))
    prepared = prepare(frame, feature_engineering=["interactions"])
    assert prepared.names[2:] == ("visits times price",)
    np.testing.assert_array_equal(prepared.values[:, 2], [6, NAN, 30])
    alone = Frame((VISITS, Feature("visits (log)", "visits")), frame.values)
    assert prepare(alone, feature_engineering=["interactions"]).names == ("visits", "visits (log)")


def test_an_interaction_lets_a_linear_model_see_what_it_could_not():
    random = np.random.default_rng(3)
    values = random.normal(size=(1_000, 2))
    frame, target = Frame((VISITS, PRICE), values), (values[:, 0] * values[:, 1] > 0).astype(float)
    spread = {}
    for derived in ((), ("interactions",)):
        settings = {"preprocessing": {"feature_engineering": derived}}
        spread[derived] = Preprocessed(Task.CONVERSION, settings).fit(frame, target, seed=1).predict(frame).std()
    assert spread[("interactions",)] > 10 * spread[()]


def mixed(rows: int, seed: int) -> Frame:
    random = np.random.default_rng(seed)
    values = np.column_stack(
        [
            random.poisson(3, rows).astype(float),
            random.lognormal(2, 1, rows),
            random.integers(0, 4, rows).astype(float),
            random.integers(0, 7, rows).astype(float),
            np.full(rows, NAN),
        ]
    )
    values[random.random((rows, 5)) < 0.1] = NAN
    features = (VISITS, PRICE, CITY, Feature("seen", "seen", part="weekday"), Feature("empty", "empty"))
    return Frame(features, values)


@pytest.mark.parametrize("name", ["logistic_regression", "gradient_boosting", "random_forest", "neural_network"])
def test_contributions_of_any_algorithm_come_back_to_the_original_features_and_add_up(name):
    frame = mixed(300, seed=1)
    target = (np.nan_to_num(frame.values[:, 0]) > 3).astype(float)
    model = Preprocessed(Task.CONVERSION, {"algorithm": name, "preprocessing": FULL}).fit(frame, target, seed=1)
    new = mixed(100, seed=2)
    explanation = model.explain(new)
    assert explanation.contributions.shape == new.values.shape
    np.testing.assert_allclose(
        explanation.base + explanation.contributions.sum(axis=1), model.predict(new), rtol=0, atol=1e-9
    )
    assert np.abs(explanation.contributions[:, 0]).sum() > 0.5 * np.abs(explanation.contributions).sum()
    again = Preprocessed.load(Task.CONVERSION, frame.features, model.save())
    np.testing.assert_array_equal(again.predict(new), model.predict(new))


def test_two_factors_share_what_their_product_contributes():
    preprocessor = Preprocessor.fit(
        read_preprocessing({"feature_engineering": ["interactions"]}), Frame((VISITS, PRICE), np.eye(2)), None
    )
    assert preprocessor.shares((VISITS, PRICE)).tolist() == [[1, 0], [0, 1], [0.5, 0.5]]


@given(st.lists(st.integers(0, 299), min_size=1, max_size=20))
def test_a_row_is_treated_alike_in_any_company(rows):
    frame, wanted = mixed(300, seed=1), read_preprocessing(FULL)
    preprocessor = Preprocessor.fit(wanted, frame, np.arange(300) % 2.0)
    whole = preprocessor.transform(frame).values[rows]
    np.testing.assert_array_equal(preprocessor.transform(frame.take(np.array(rows))).values, whole)
    loaded = Preprocessor.from_json(preprocessor.to_json())
    np.testing.assert_array_equal(loaded.transform(frame).values[rows], whole)


def test_numbers_beyond_all_reason_stay_finite():
    preprocessor = Preprocessor.fit(read_preprocessing(FULL), mixed(300, seed=1), np.arange(300) % 2.0)
    strange = Frame(mixed(1, 1).features, np.array([[1e308, -1e308, 3, 6, 1e308]]))
    assert np.isfinite(preprocessor.transform(strange).values).all()


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("values", [NAN, 1.0])
def test_a_handful_of_empty_or_equal_rows_is_no_obstacle(rows, values):
    frame = Frame((VISITS, PRICE, CITY), np.full((rows, 3), values))
    assert len(prepare(frame, np.arange(rows) % 2.0, **FULL)) == rows


@pytest.mark.parametrize(
    ("config", "error", "says"),
    [
        ({"missing_values": "mean"}, UnknownPreprocessingError, "the options are missing_value_strategy"),
        ({"categorical_encoding": "hash"}, UnknownChoiceError, "one of one-hot, label, but is 'hash'"),
        ({"feature_engineering": ["log", "sqrt"]}, UnknownChoiceError, "time, interactions, log"),
        ({"fill_value": 3}, PreprocessingConflictError, "missing_value_strategy constant"),
        ({"selected_features": 3}, PreprocessingConflictError, "nothing selects features"),
        ({"feature_selection": "k_best", "selected_features": 0}, PreprocessingConflictError, "at least 1"),
        ({"feature_selection": "k_best", "selected_features": "3"}, PreprocessingConflictError, "whole number"),
        ({"missing_value_strategy": "constant", "fill_value": [1]}, PreprocessingConflictError, "number or a text"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(config, error, says):
    with pytest.raises(error, match=says):
        read_preprocessing(config)


def test_names_may_be_written_as_on_the_command_line():
    wanted = read_preprocessing({"missing_value_strategy": "Most-frequent", "feature_scaling": "min-max"})
    assert wanted.to_config() == {"missing_value_strategy": "most_frequent", "feature_scaling": "min_max"}
    assert read_preprocessing(wanted.to_config()) == wanted
    assert not read_preprocessing({"feature_engineering": [], "feature_scaling": None})
