"""Preprocessing within `fit`: nothing learnt from later rows, the same in scoring, reasons of the table's columns."""

from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from leadwise.domain.preprocessing import Preprocessing, read_preprocessing
from leadwise.models.preprocessed import Preprocessed
from leadwise.registry.model_file import dump_model, load_model
from leadwise.scoring.scorer import score_table
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

ALL = read_preprocessing(
    {
        "missing_value_strategy": "mean",
        "categorical_encoding": "one_hot",
        "feature_scaling": "standard",
        "feature_selection": "k_best",
        "selected_features": 8,
        "feature_engineering": ["time", "log", "interactions"],
    }
)
options = partial(
    FitOptions, "won", ordered=True, algorithms=("logistic_regression",), budget_seconds=20, preprocessing=ALL
)


def leads(rows: int = 500) -> dict[str, np.ndarray]:
    random = np.random.default_rng(4)
    visits = random.poisson(4, rows).astype(float)
    source = random.choice(["web", "fair", "call"], rows)
    seen = np.datetime64("2025-01-01", "s") + np.arange(rows).astype("timedelta64[h]") * 20
    margin = 0.7 * visits - 3.5 + 1.5 * (source == "fair")
    won = random.random(rows) < 1 / (1 + np.exp(-margin))
    visits[random.random(rows) < 0.2] = np.nan
    return {"visits": visits, "pages": random.poisson(9, rows), "source": source, "seen": seen, "won": won}


@pytest.fixture(scope="module")
def model():
    return fit(pa.table(leads()), options())


def test_it_learns_and_the_card_says_what_was_done(model):
    assert model.card.test.roc_auc > 0.7
    assert model.card.preprocessing == ALL
    assert type(model.card).model_validate_json(model.card.model_dump_json()).preprocessing == ALL


def test_later_rows_change_nothing_that_was_learnt_from_earlier_ones(model):
    """An imputation's mean, a scale or a selection that saw the test would give other validation results."""
    changed = leads()
    changed["visits"][400:] = 1e6 * (1 + changed["won"][400:])
    changed["pages"][400:] = 7_000_000
    moved = fit(pa.table(changed), options()).card
    assert moved.leaderboard[0].log_loss == model.card.leaderboard[0].log_loss
    assert moved.test != model.card.test


def test_reasons_are_of_the_tables_columns_and_add_up(model):
    table = pa.table(leads()).slice(0, 50)
    scores = score_table(model, table, reasons=10)
    total = model.card.base + sum(scores[f"contribution_{rank}"].to_numpy() for rank in range(1, 11))
    probability = scores["probability"].to_numpy()
    np.testing.assert_allclose(total, np.log(probability / (1 - probability)), atol=1e-6)
    told = {reason for rank in range(1, 5) for reason in scores[f"reason_{rank}"].to_pylist() if reason}
    assert {reason.split(" is ")[0] for reason in told} <= {"visits", "pages", "source", "seen"}


def test_the_model_file_keeps_what_was_learnt_and_how_to_learn_it_anew(model):
    loaded = load_model(dump_model(model), "memory")
    table = pa.table(leads())
    assert score_table(loaded, table).equals(score_table(model, table))
    assert isinstance(loaded.algorithm, Preprocessed)
    assert loaded.algorithm.unfitted().settings == model.algorithm.settings


def test_members_of_an_ensemble_are_preprocessed_each_while_rules_read_the_columns():
    model = fit(pa.table(leads(800)), options(algorithms=(), budget_seconds=60))
    assert {row.algorithm for row in model.card.leaderboard} >= {
        "heuristic",
        "gradient_boosting",
        "logistic_regression",
    }
    loaded = load_model(dump_model(model), "memory")
    assert score_table(loaded, pa.table(leads())).equals(score_table(model, pa.table(leads())))


def test_rules_alone_say_that_nothing_was_preprocessed():
    card = fit(pa.table(leads()).slice(0, 12), options()).card
    assert any("rules read the columns as they are" in warning for warning in card.warnings)


def test_no_preprocessing_is_the_default(model):
    plain = fit(pa.table(leads()), options(preprocessing=Preprocessing()))
    assert not plain.card.preprocessing
    assert not isinstance(plain.algorithm, Preprocessed)
    assert plain.card.model_version != model.card.model_version
