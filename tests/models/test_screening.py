"""Screening: of very many features, those that go far by themselves stay."""

import numpy as np

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, FeatureKind, Frame
from leadwise.models.logistic_regression import LogisticRegression
from leadwise.models.screening import MOST_FEATURES, MOST_FOR_TREES, screened, strongest_features


def wide_frame(telling: np.ndarray, category: np.ndarray) -> Frame:
    noise = np.random.default_rng(0).normal(size=(len(telling), MOST_FEATURES + 50))
    features = [Feature(f"noise {number}", f"noise {number}") for number in range(noise.shape[1])]
    features += [Feature("told", "told"), Feature("source", "source", FeatureKind.CATEGORY, ("a", "b", "c"))]
    return Frame(tuple(features), np.column_stack([noise, telling, category]))


def test_what_tells_is_kept_and_noise_makes_room():
    target = np.arange(300) % 2.0
    category = np.where(target == 1, 2.0, np.arange(300) % 3)
    given_only_when_won = np.where(target == 1, 5.0, np.nan)
    frame = wide_frame(given_only_when_won, category)
    kept = strongest_features(frame, target)
    assert len(kept) == MOST_FEATURES
    assert {"told", "source"} <= {frame.names[index] for index in kept}


def test_few_features_all_stay():
    frame = Frame((Feature("a", "a"), Feature("b", "b")), np.zeros((10, 2)))
    assert strongest_features(frame, np.arange(10) % 2.0) == [0, 1]


def test_a_very_wide_table_is_still_learnt_from():
    random = np.random.default_rng(1)
    telling = random.normal(size=400)
    target = (telling + random.normal(0, 0.5, 400) > 0).astype(float)
    frame = wide_frame(telling, np.zeros(400))
    model = LogisticRegression(Task.CONVERSION).fit(frame, target, seed=1)
    assert np.corrcoef(model.predict(frame), telling)[0, 1] > 0.6


def test_trees_see_the_strongest_features_only():
    random = np.random.default_rng(2)
    features = tuple(Feature(f"n{number}", f"n{number}") for number in range(MOST_FOR_TREES + 20))
    values = random.normal(size=(60, len(features)))
    target = (values[:, 7] > 0).astype(float)
    seen = screened(Frame(features, values), target).values
    given = ~np.isnan(seen).all(axis=0)
    assert given.sum() == MOST_FOR_TREES
    assert given[7]
    np.testing.assert_array_equal(seen[:, given], values[:, given])
