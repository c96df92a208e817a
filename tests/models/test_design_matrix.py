"""Values too seldom for a column each share one; files from before there was such a column are read as they were."""

import numpy as np

from leadwise.domain.frame import Feature, FeatureKind, Frame
from leadwise.models.design_matrix import CategoryColumns, DesignMatrix

PAGE = Feature("page", "page", FeatureKind.CATEGORY, ("a", "b", "c", "d"))
OTHER = 4
"""The code of values that are not among the levels."""


def pages(*codes: float) -> Frame:
    return Frame((PAGE,), np.array(codes).reshape(-1, 1))


def test_rare_values_share_a_column_and_so_does_what_was_never_seen():
    seen = pages(*[0] * 6, *[1] * 6, 2, 3, 3)
    matrix = DesignMatrix.fit(seen, np.arange(15) % 2.0)
    assert matrix.categories == (CategoryColumns(0, (0, 1), may_miss=False, has_others=True),)
    rare, unseen, frequent = matrix.raw(pages(2)), matrix.raw(pages(OTHER)), matrix.raw(pages(0))
    np.testing.assert_array_equal(rare, [[0, 0, 1]])
    np.testing.assert_array_equal(unseen, rare)
    np.testing.assert_array_equal(frequent, [[1, 0, 0]])


def test_without_rare_values_there_is_no_column_for_them():
    matrix = DesignMatrix.fit(pages(*[0] * 6, *[1] * 6, *[np.nan] * 6), np.arange(18) % 2.0)
    assert matrix.categories == (CategoryColumns(0, (0, 1), may_miss=True),)
    np.testing.assert_array_equal(matrix.raw(pages(OTHER, np.nan)), [[0, 0, 0], [0, 0, 1]])


def test_a_matrix_that_was_saved_before_there_were_such_columns_is_read_as_it_was():
    matrix = DesignMatrix.fit(pages(*[0] * 6, *[1] * 6), np.arange(12) % 2.0)
    content = matrix.to_json()
    del content["categories"][0]["has_others"]
    assert DesignMatrix.from_json(content) == matrix
