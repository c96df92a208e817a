"""LightGBM's trees without its Python package say what they say with it."""

import pickle

import lightgbm
import numpy as np
import pytest

from leadwise.models.paths import PathTable
from leadwise.models.tree_row import TreeRow
from leadwise.models.trees import Trees

RANDOM = np.random.default_rng(5)
ROWS = np.column_stack([RANDOM.normal(size=(400, 4)), RANDOM.integers(0, 9, 400)])
ROWS[RANDOM.random(ROWS.shape) < 0.1] = np.nan
ROWS[:, 4] = np.nan_to_num(ROWS[:, 4])


def grown(rows: np.ndarray, target: np.ndarray) -> lightgbm.Booster:
    parameters = {"objective": "regression", "verbosity": -1, "min_data_in_leaf": 5, "num_leaves": 12}
    return lightgbm.train(parameters, lightgbm.Dataset(rows, target, categorical_feature=[4]), 25)


@pytest.fixture(scope="module")
def reference() -> lightgbm.Booster:
    return grown(ROWS, np.nan_to_num(ROWS[:, 0]) * 2 + (ROWS[:, 4] % 3) + RANDOM.normal(size=400))


@pytest.fixture(scope="module")
def trees(reference) -> Trees:
    return Trees(reference.model_to_string())


def test_sums_leaves_and_shapley_values_are_those_of_the_python_package(trees, reference):
    for copied in (trees, pickle.loads(pickle.dumps(trees))):  # noqa: S301 - our own
        np.testing.assert_array_equal(copied.sums(ROWS, threads=1), reference.predict(ROWS, raw_score=True))
        np.testing.assert_array_equal(copied.leaves(ROWS, threads=2), reference.predict(ROWS, pred_leaf=True))
        shapley = reference.predict(ROWS, pred_contrib=True)
        np.testing.assert_array_equal(copied.shapley_values(ROWS, threads=1), shapley[:, :-1])
    assert (trees.count, trees.features) == (reference.num_trees(), 5)


def test_credits_add_up_and_begin_at_the_mean_of_the_training_rows(trees, reference):
    table = PathTable.of(trees, 5)
    np.testing.assert_allclose(table.explain(trees.leaves(ROWS, threads=1)).margins, trees.sums(ROWS, threads=1))
    assert table.base == pytest.approx(reference.predict(ROWS).mean())


def test_credits_of_one_row_and_of_many_columns_are_the_same(trees):
    wide = PathTable.of(trees, 200)  # stored sparsely
    many = wide.explain(trees.leaves(ROWS, threads=1)).contributions
    np.testing.assert_allclose(many[:, :5], PathTable.of(trees, 5).explain(trees.leaves(ROWS, threads=1)).contributions)
    assert not many[:, 5:].any()
    one = TreeRow([trees], [wide], 200).explain(np.pad(ROWS[7], (0, 195)))
    np.testing.assert_allclose(one.contributions[0], many[7], atol=1e-12)


def test_a_tree_that_learnt_nothing_is_a_constant():
    constant = Trees(grown(np.zeros((50, 5)), np.arange(50.0)).model_to_string())
    table = PathTable.of(constant, 5)
    assert table.base == pytest.approx(24.5)
    assert not table.explain(constant.leaves(ROWS, threads=1)).contributions.any()


def test_what_is_no_model_is_refused():
    with pytest.raises(ValueError, match="Model file"):
        Trees("no trees")


def test_rows_of_another_width_are_refused(trees):
    with pytest.raises(ValueError, match="number of features"):
        trees.sums(ROWS[:, :3], threads=1)
