"""Made-up rows that prove a model says the same everywhere, and tell nothing of any lead."""

import numpy as np

from leadwise.domain.frame import Feature, FeatureKind
from leadwise.registry.proof import ROWS, made_up_rows

FEATURES = (Feature("Visits", "Visits"), Feature("Source", "Source", FeatureKind.CATEGORY, ("web", "fair")))


def test_the_same_features_give_the_same_rows():
    np.testing.assert_array_equal(made_up_rows(FEATURES).values, made_up_rows(FEATURES).values)
    assert len(made_up_rows(FEATURES)) == ROWS


def test_rows_visit_every_level_the_unknown_and_the_absent():
    source = made_up_rows(FEATURES).values[:, 1]
    assert set(source[~np.isnan(source)]) == {0, 1, 2}
    assert np.isnan(source).any()
    assert np.isnan(made_up_rows(FEATURES).values[:, 0]).any()


def test_no_features_are_rows_without_columns():
    assert made_up_rows(()).values.shape == (ROWS, 0)
