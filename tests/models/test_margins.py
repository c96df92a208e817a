import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from leadwise.models.algorithm import Explanation
from leadwise.models.arrays import dump_array, load_array
from leadwise.models.margins import logit, rescale, sigmoid


@given(st.lists(st.floats(-800, 800), min_size=1))
def test_probabilities_are_those_of_scipy(margins: list[float]):
    np.testing.assert_allclose(sigmoid(np.array(margins)), expit(margins), rtol=1e-13, atol=1e-300)


@given(st.floats(-30, 30))
def test_log_odds_come_back(margin: float):
    assert logit(sigmoid(np.array([margin])))[0] == pytest.approx(margin, rel=1e-3, abs=1e-9)


@given(st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=3), st.floats(0.35, 0.65))
def test_rescaled_contributions_add_up_and_keep_their_proportions(parts: list[float], base: float):
    inner = Explanation(np.array([parts]), base)
    outer = rescale(inner, logit)
    total = outer.base + outer.contributions.sum()
    assert total == pytest.approx(logit(np.array([base + sum(parts)]))[0], abs=1e-5)
    assert (np.sign(outer.contributions) == np.sign(inner.contributions)).all()


def test_arrays_come_back_to_the_last_bit_and_nothing_else_does():
    array = np.array([[0.1, np.nan], [np.inf, -0.0]])
    assert load_array(dump_array(array)).tobytes() == array.tobytes()
    for bad in (b"", b"text", dump_array(array)[:-3], dump_array(array).replace(b"<f8", b"<i8")):
        with pytest.raises(ValueError, match=r"."):
            load_array(bad)
