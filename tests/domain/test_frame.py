import numpy as np
import pytest

from leadwise.domain.frame import Feature, Frame

FRAME = Frame((Feature("a", "a"), Feature("b", "b")), np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]))


def test_rows_are_taken_by_position_by_mask_and_by_slice():
    for rows in (np.array([0, 2]), np.array([True, False, True]), slice(0, 3, 2)):
        assert FRAME.take(rows).values.tolist() == [[1.0, 2.0], [5.0, 6.0]]


def test_features_are_selected_in_the_order_asked_for():
    turned = FRAME.select(["b", "a"])
    assert turned.names == ("b", "a")
    assert turned.values[0].tolist() == [2.0, 1.0]
    with pytest.raises(KeyError):
        FRAME.select(["c"])


def test_each_feature_has_its_column():
    with pytest.raises(AssertionError, match="one column of values per feature"):
        Frame((Feature("a", "a"),), np.zeros((3, 2)))
