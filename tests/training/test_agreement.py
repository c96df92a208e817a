"""How far everyday contributions are from Shapley values is measured, told, and acted on."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from leadwise.domain.frame import Frame
from leadwise.models.algorithm import Explanation
from leadwise.models.logistic_regression import LogisticRegression
from leadwise.models.margins import sigmoid
from leadwise.registry.model_file import dump_model, load_model
from leadwise.scoring.scorer import score_table
from leadwise.training.agreement import FEWEST_ROWS, MOST_ROWS, measure_agreement
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions


def leads(rows: int = 2_000, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    visits, calls = random.poisson(4, rows), random.poisson(2, rows)
    won = random.random(rows) < sigmoid(0.4 * (visits - 3) * (calls - 1) - 1)
    more = {"Age": random.normal(40, 9, rows), "Shoes": random.integers(36, 47, rows)}
    return pa.table({"Visits": visits, "Calls": calls, **more, "Won": np.where(won, "yes", "no")})


def model_of(algorithm: str, **options: float) -> FittedModel:
    return fit(leads(), FitOptions(outcome="Won", algorithms=(algorithm,), **options))


@pytest.fixture(scope="module")
def boosted() -> FittedModel:
    return model_of("gradient_boosting")


class PointsAtTheWrongColumn(LogisticRegression):
    """Everyday contributions that add up and mean nothing."""

    def explain(self, frame: Frame) -> Explanation:
        explanation = super().explain(frame)
        return Explanation(explanation.contributions[:, ::-1], explanation.base)

    def explain_exactly(self, frame: Frame) -> Explanation:
        return super().explain(frame)


def test_the_card_says_how_far_trees_paths_are_from_shapley_values(boosted):
    found = boosted.card.reasons
    assert 0.9 < found.correlation < 1
    assert 0.5 < found.same_strongest <= 1
    assert set(found.by_column) == {"Visits", "Calls", "Age", "Shoes"}
    assert f"{found.correlation:.3f}" in found.sentence


def test_what_it_says_is_what_it_is(boosted):
    frame = boosted.encode(leads(FEWEST_ROWS, seed=4))
    everyday, exact = (boosted.explain(frame, exact=exact).contributions for exact in (False, True))
    found = measure_agreement(boosted, frame, budget_seconds=1.0)
    assert found.correlation == pytest.approx(np.corrcoef(everyday.ravel(), exact.ravel())[0, 1])
    assert found.by_column["Calls"] == pytest.approx(np.corrcoef(everyday[:, 1], exact[:, 1])[0, 1])
    assert found.rows == FEWEST_ROWS


def test_a_sum_over_columns_needs_no_measuring():
    found = model_of("logistic_regression").card.reasons
    assert (found.correlation, found.exact_by_default) == (1.0, False)
    assert found.sentence.startswith("Contributions are exact")


def test_too_far_off_is_not_used(boosted):
    frame = boosted.encode(leads())
    target = (np.array(leads()["Won"].to_pylist()) == "yes").astype(float)
    wrong = PointsAtTheWrongColumn(boosted.card.task).fit(frame, target, seed=0)
    found = measure_agreement(replace(boosted, algorithm=wrong), frame, budget_seconds=60.0)
    assert found.exact_by_default
    assert "too far off" in found.sentence


def test_the_exact_ones_are_given_by_default_where_the_model_says_so(boosted):
    new = leads(30, seed=2)
    careful = load_model(dump_model(replace(boosted, exact_reasons=True)), "memory")
    assert careful.exact_reasons
    assert score_table(careful, new).equals(score_table(boosted, new, exact=True))
    assert not score_table(careful, new).equals(score_table(boosted, new))


@pytest.mark.parametrize(("budget_seconds", "rows"), [(1.0, FEWEST_ROWS), (1e6, MOST_ROWS)])
def test_measuring_is_bounded(boosted, budget_seconds, rows):
    frame = boosted.encode(leads(1_000))
    assert measure_agreement(boosted, frame, budget_seconds).rows == rows


@pytest.mark.parametrize("rows", [1, 2])
def test_a_row_or_two_will_do(boosted, rows):
    found = measure_agreement(boosted, boosted.encode(leads(rows)), 60.0)
    assert np.isfinite([found.correlation, found.same_strongest]).all()
