"""What the budget does not let compete still teaches the winner."""

import numpy as np
import pyarrow as pa

from leadwise.models.margins import sigmoid
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

ROWS = 40_000


def leads() -> pa.Table:
    """The effect of visits turns round in the newest half; calls are the same all along."""
    random = np.random.default_rng(0)
    visits, calls = random.normal(size=(2, ROWS))
    older = np.arange(ROWS) < ROWS // 2
    won = random.random(ROWS) < sigmoid(np.where(older, 1.0, -1.0) * visits + calls)
    return pa.table({"Visits": visits, "Calls": calls, "Won": won.astype(int)})


def options(**others: object) -> FitOptions:
    return FitOptions("Won", algorithms=("logistic_regression",), budget_seconds=10.0, **others)


def test_the_winner_is_fitted_on_more_rows_than_could_compete():
    model = fit(leads(), options())
    data = model.card.data
    assert data.train_rows + data.test_rows < ROWS
    assert any(f"then fitted on all {ROWS:,}" in warning for warning in model.card.warnings)
    visits = next(effect for effect in model.card.effects if effect.column == "Visits")
    calls = next(effect for effect in model.card.effects if effect.column == "Calls")
    assert calls.importance > 3 * visits.importance  # all rows together cancel visits


def test_a_table_that_can_compete_whole_says_nothing_of_rows():
    model = fit(leads().slice(0, 2_000), options())
    assert not any("fitted on" in warning for warning in model.card.warnings)


def test_a_last_fit_that_would_break_the_budget_is_left_out_and_the_card_says_so():
    model = fit(leads().slice(0, 2_000), options(), spent_seconds=9.2)
    assert any("once more on the test's rows" in warning for warning in model.card.warnings)
    assert not model.card.data.fitted_on_test
    in_time = fit(leads().slice(0, 2_000), options())
    assert in_time.card.data.fitted_on_test
    assert not any("once more on the test's rows" in warning for warning in in_time.card.warnings)
    assert model.card.leaderboard[0].test == in_time.card.leaderboard[0].test


def test_so_it_is_where_not_all_rows_could_compete():
    model = fit(leads(), options(), spent_seconds=9.2)
    sentence = next(warning for warning in model.card.warnings if warning.startswith("Chosen and tested on"))
    assert f"of {ROWS:,} rows, which is what" in sentence
