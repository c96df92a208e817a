"""Trees and linear models as of now: what learnt how things change predicts as of the newest row, and forgets time."""

import lightgbm
import numpy as np
import pytest

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, FeatureKind, Frame
from leadwise.models.catalogue import algorithms
from leadwise.models.margins import sigmoid
from leadwise.models.present import at_present, with_moment

ROWS = 1_500
FEATURES = (
    Feature("Visits", "Visits"),
    Feature("Source", "Source", FeatureKind.CATEGORY, tuple("abcdefgh")),
    Feature("Budget", "Budget"),
)
LEARN_TRENDS = [
    (name, task)
    for name, kind in algorithms().items()
    for task in Task
    if task in kind.tasks and "trend" in kind.SETTINGS
]


def make_rows(seed: int = 0) -> tuple[Frame, np.ndarray]:
    """Visits mean much in the older half and the opposite in the newer; the rate rises all along."""
    random = np.random.default_rng(seed)
    values = np.column_stack([random.normal(size=ROWS), random.integers(0, 8, ROWS), random.lognormal(size=ROWS)])
    values[random.random(ROWS) < 0.1, 2] = np.nan
    moment = np.linspace(0, 1, ROWS)
    return Frame(FEATURES, values), np.where(moment < 0.5, 1.5, -1.5) * values[:, 0] + 3 * moment - 1.5


def make_target(margin: np.ndarray, task: Task) -> np.ndarray:
    if task is Task.VALUE:
        return 100 + 10 * margin
    return (np.random.default_rng(1).random(ROWS) < sigmoid(margin)).astype(float)


@pytest.mark.parametrize(("boosting", "leaves"), [("gbdt", 4), ("gbdt", 31), ("rf", 16)])
def test_a_pruned_booster_says_exactly_what_the_whole_one_says_of_the_newest_moment(boosting, leaves):
    frame, margin = make_rows()
    whole = with_moment(frame)
    parameters = {"boosting": boosting, "num_leaves": leaves, "bagging_fraction": 0.6, "bagging_freq": 1}
    data = lightgbm.Dataset(whole.values, label=make_target(margin, Task.CONVERSION), categorical_feature=[1])
    trees = lightgbm.train({**parameters, "objective": "binary", "verbosity": -1, "min_data_in_leaf": 5}, data, 60)

    pruned = lightgbm.Booster(model_str=at_present(trees.model_to_string()))

    now = np.column_stack([frame.values, np.ones(ROWS)])
    assert pruned.num_feature() == 3
    assert "Column_3" in trees.model_to_string()
    np.testing.assert_array_equal(pruned.predict(frame.values, raw_score=True), trees.predict(now, raw_score=True))
    shapley = pruned.predict(frame.values, pred_contrib=True)
    np.testing.assert_allclose(shapley.sum(axis=1), pruned.predict(frame.values, raw_score=True), atol=1e-9)


def test_counts_in_a_pruned_tree_are_those_of_the_leaves_that_are_left():
    frame, margin = make_rows()
    data = lightgbm.Dataset(with_moment(frame).values, label=make_target(margin, Task.CONVERSION))
    trees = lightgbm.train({"objective": "binary", "verbosity": -1}, data, 5)

    def rows(node: dict) -> int:
        if "left_child" not in node:
            return node["leaf_count"]
        assert node["internal_count"] == rows(node["left_child"]) + rows(node["right_child"])
        return node["internal_count"]

    pruned = lightgbm.Booster(model_str=at_present(trees.model_to_string()))
    for tree in pruned.dump_model()["tree_info"]:
        assert 0 < rows(tree["tree_structure"]) <= ROWS


def test_a_tree_of_nothing_but_time_becomes_one_leaf():
    moment = np.linspace(0, 1, 200)
    nothing = np.zeros(200)
    data = lightgbm.Dataset(np.column_stack([nothing, moment]), label=(moment > 0.7).astype(float))
    trees = lightgbm.train({"objective": "binary", "verbosity": -1}, data, 3)
    pruned = lightgbm.Booster(model_str=at_present(trees.model_to_string()))
    newest = trees.predict(np.array([[0.0, 1.0]]), raw_score=True)
    np.testing.assert_array_equal(pruned.predict(np.zeros((1, 1)), raw_score=True), newest)


@pytest.mark.parametrize(("name", "task"), LEARN_TRENDS)
def test_with_the_trend_an_algorithm_predicts_newer_leads_better(name, task):
    frame, margin = make_rows()
    target, kind = make_target(margin, task), algorithms()[name]
    plain = kind(task).fit(frame, target, seed=0)
    model = kind(task, {"trend": True}).fit(frame, target, seed=0)
    newest = slice(ROWS - 150, ROWS)
    later = Frame(FEATURES, np.random.default_rng(5).permutation(frame.values))
    expected = margin[newest].mean() if task is Task.CONVERSION else target[newest].mean()
    assert abs(model.predict(later).mean() - expected) < abs(plain.predict(later).mean() - expected)


@pytest.mark.parametrize(("name", "task"), LEARN_TRENDS)
def test_contributions_of_a_model_as_of_now_add_up_and_its_file_gives_it_back(name, task):
    frame, margin = make_rows()
    kind = algorithms()[name]
    model = kind(task, {"trend": True}).fit(frame, make_target(margin, task), seed=0)
    explanation = model.explain(frame)
    assert explanation.contributions.shape == frame.values.shape
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.predict(frame), rtol=1e-9, atol=1e-9)
    again = kind.load(task, frame.features, model.save())
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
