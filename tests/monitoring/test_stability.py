import math

import numpy as np

from leadwise.monitoring.stability import FEWEST, MOVED, MOVED_A_LOT, Shape, judge, shape_of


def test_the_index_is_that_of_the_formula():
    then = Shape(levels=("a", "b"), shares=(0.6, 0.4, 0.0, 0.0))
    expected = (0.5 - 0.6) * math.log(0.5 / 0.6) + (0.5 - 0.4) * math.log(0.5 / 0.4)
    assert math.isclose(then.psi(["a", "b"]), expected)


def test_what_is_alike_does_not_move():
    random = np.random.default_rng(0)
    shape = shape_of(random.normal(size=2000).tolist())
    assert judge(shape.psi(random.normal(size=1000).tolist()), 1000) == "stable"


def test_what_is_higher_or_missing_moves_a_lot():
    random = np.random.default_rng(0)
    shape = shape_of(random.normal(size=2000).tolist())
    assert shape.psi(random.normal(1.5, size=1000).tolist()) > MOVED_A_LOT
    assert shape.psi([None] * 500 + random.normal(size=500).tolist()) > MOVED_A_LOT


def test_chance_alone_hardly_ever_moves_the_index_a_lot_with_as_many_rows_as_are_asked_for():
    random = np.random.default_rng(0)
    shape = shape_of(random.normal(size=2000).tolist())
    moved = [shape.psi(random.normal(size=FEWEST).tolist()) for _ in range(200)]
    assert max(moved) < MOVED_A_LOT
    assert np.mean(np.array(moved) < MOVED) > 0.7


def test_a_shape_comes_back_from_json():
    shape = shape_of(["x", None, "y", True])
    assert Shape.model_validate_json(shape.model_dump_json()) == shape
