"""One lead alone gets the score, the reasons and the words that it gets in a table."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadwise.app.model import Model
from leadwise.models.margins import sigmoid
from leadwise.scoring.scorer import score_table
from leadwise.scoring.single import RowScore, RowScorer
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

ROWS = 400
ALGORITHMS = ("gradient_boosting", "random_forest", "logistic_regression")
FEW = 3


def leads(rows: int = ROWS, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    visits, source = random.poisson(4, rows), random.choice(["web", "fair", "referral", "Select"], rows)
    won = random.random(rows) < sigmoid(0.6 * visits - 3 + 1.2 * (source == "referral"))
    stamps = np.datetime64("2026-01-01T08:00:00") + random.integers(0, 10**7, rows)
    return pa.table(
        {
            "Lead": [f"L-{number:05d}" for number in random.permutation(rows)],
            "Visits": [f"{value:,}" if value else None for value in visits * 400],
            "Source": source,
            "Budget": [f"${value:,.0f}" if value > 9_000 else None for value in random.lognormal(10, 1, rows)],
            "Discount": [f"{value:.1f} %" for value in random.uniform(0, 30, rows)],
            "Seen": [str(stamp).replace("T", " ") for stamp in stamps],
            "Opted in": random.choice(["yes", "no"], rows),
            "Campaign": [f"c{number}" for number in random.integers(0, 120, rows)],
            "Note": [
                " ".join(["word"] * count) + f" {count}{row}" for row, count in enumerate(random.poisson(6, rows))
            ],
            "Score": random.choice([-1.0, 0.5, 3.25, 8.0, 9.5, 12.0, 44.0], rows, p=[0.4, *[0.1] * 6]),
            "Won": np.where(won, "yes", "no"),
            "Spent": 20.0 * visits + random.lognormal(3, 1, rows),
        }
    )


TABLE = leads()
CELLS = {
    name: st.one_of(
        st.none(),
        st.sampled_from(TABLE[name].to_pylist()),
        st.sampled_from(["", "N/A", "1,234", "-1", "Oslo"]),
        st.floats(),
    )
    for name in TABLE.column_names
    if name not in {"Won", "Spent"}
}
SOME = st.fixed_dictionaries({}, optional=CELLS)


def fit_one(algorithms: tuple[str, ...], *, value: bool = False) -> FittedModel:
    outcome, other = ("Spent", "Won") if value else ("Won", "Spent")
    return fit(TABLE, FitOptions(outcome=outcome, value=value, drop=(other,), algorithms=algorithms, id_column="Lead"))


@pytest.fixture(scope="module", params=ALGORITHMS)
def model(request) -> FittedModel:
    return fit_one((request.param,))


@pytest.fixture(scope="module")
def value_model() -> FittedModel:
    return fit_one(("linear_regression",), value=True)


def same(found: RowScore, table: pa.Table, model: FittedModel) -> None:
    """The single score is the only row of the table's scores."""
    expected = score_table(model, table, reasons=len(model.columns)).to_pylist()[0]
    for name in ("probability", "probability_low", "probability_high", "value", "value_low", "value_high"):
        number = expected.get(name)
        assert getattr(found, name) == (number if number is None else pytest.approx(number, rel=1e-9, abs=1e-9))
    for name in ("grade", "action", "model_version"):
        assert getattr(found, name) == expected.get(name)
    ranks = range(1, len(model.columns) + 1)
    in_table = {expected[f"reason_{rank}"]: expected[f"contribution_{rank}"] for rank in ranks}
    alone = {reason.sentence: reason.contribution for reason in found.reasons}
    assert alone == pytest.approx({words: part for words, part in in_table.items() if words}, rel=1e-9, abs=1e-9)
    assert [abs(part) for part in alone.values()] == sorted(map(abs, alone.values()), reverse=True)


def as_table(row: dict[str, object]) -> pa.Table:
    return pa.table({name: [value] for name, value in row.items()} or {"nothing": [None]})


@pytest.mark.filterwarnings("default::hypothesis.errors.HypothesisWarning")  # a model is a lot to print
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(row=SOME)
def test_any_row_gets_what_it_gets_in_a_table(model: FittedModel, row: dict[str, object]):
    same(RowScorer(model).score(row, reasons=len(model.columns)), as_table(row), model)


@pytest.mark.filterwarnings("default::hypothesis.errors.HypothesisWarning")
@settings(deadline=None, max_examples=20)
@given(row=SOME)
def test_so_does_a_value(value_model: FittedModel, row: dict[str, object]):
    same(RowScorer(value_model).score(row, reasons=len(value_model.columns)), as_table(row), value_model)


def test_rows_of_the_table_that_was_learnt_from(model):
    scorer = RowScorer(model)
    for number in range(50):
        row = TABLE.slice(number, 1)
        found = scorer.score(row.to_pylist()[0], reasons=len(model.columns))
        same(found, row, model)
        assert found.id == row["Lead"][0].as_py()


def test_a_table_in_which_a_column_has_no_type_is_scored_too(model):
    same(RowScorer(model).score({"Campaign": None}, reasons=99), pa.table({"Campaign": pa.nulls(1)}), model)


def test_as_many_reasons_as_are_asked_for(model):
    row = TABLE.slice(3, 1).to_pylist()[0]
    assert len(RowScorer(model).score(row, reasons=FEW).reasons) <= FEW
    assert RowScorer(model).score(row, reasons=0).reasons == ()


def test_exact_ones_on_request_and_where_the_model_asks_for_them():
    model, row = fit_one(("gradient_boosting",)), TABLE.slice(3, 1)
    exact = score_table(model, row, exact=True)["contribution_1"][0].as_py()
    careful = replace(model, exact_reasons=True)
    for found in (
        RowScorer(model).score(row.to_pylist()[0], exact=True),
        RowScorer(careful).score(row.to_pylist()[0]),
    ):
        assert found.reasons[0].contribution == pytest.approx(exact)


def test_all_contributions_and_the_base_add_up(model):
    found = RowScorer(model).score(TABLE.slice(7, 1).to_pylist()[0], reasons=len(model.columns))
    total = found.base + sum(reason.contribution for reason in found.reasons)
    assert total == pytest.approx(np.log(found.probability / (1 - found.probability)), abs=1e-6)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])  # noqa: S301 - ours
def test_a_copy_scores_by_itself(duplicate):
    model = fit_one(("gradient_boosting",))
    row = model.encode(TABLE.slice(0, 1))
    before = model.algorithm.explain_row(row).contributions
    twin = duplicate(model.algorithm)
    del model
    np.testing.assert_array_equal(twin.explain_row(row).contributions, before)


def test_threads_may_share_it():
    scorer = Model(fit_one(("gradient_boosting",)))
    rows = TABLE.to_pylist()[:100]
    alone = [scorer.score_one(row) for row in rows]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(scorer.score_one, rows * 5)) == alone * 5
