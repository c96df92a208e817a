from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwise.domain.errors import Missing
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions
from leadwise.training.purging import Horizons, purge, read_horizons
from leadwise.training.splits import cross_validate_in_order, split_at_random, split_in_order

START = datetime(2026, 1, 1, tzinfo=UTC)


def a_split(as_of: list[float], horizon: float):
    target = np.arange(len(as_of)) % 2.0
    horizons = Horizons(np.array(as_of), horizon)
    split = split_in_order(np.arange(len(as_of)))
    return split, purge(split, horizons, target), horizons


@given(st.lists(st.floats(0, 100), min_size=40, max_size=80), st.floats(0, 20))
def test_no_row_is_trained_on_that_was_not_settled_when_those_it_is_judged_by_began(as_of: list[float], horizon: float):
    split, purged, horizons = a_split(sorted(as_of), horizon)
    if "reach into" in purged.sentence:
        return
    for fold in purged.folds:
        assert horizons.as_of[fold.train].max() + horizon <= horizons.as_of[fold.validation].min()
    assert horizons.as_of[purged.train].max() + horizon <= horizons.as_of[purged.test].min()
    assert purged.test.tolist() == split.test.tolist()


def test_only_unsettled_rows_are_left_out() -> None:
    split, purged, _ = a_split([float(day) for day in range(100)], 5)
    assert [len(fold.train) for fold in split.folds] == [32, 44, 56, 68]
    assert [len(fold.train) for fold in purged.folds] == [28, 40, 52, 64]
    assert "not settled" in purged.sentence


def test_steps_that_would_keep_too_little_are_left_out() -> None:
    _, purged, _ = a_split([float(day) for day in range(100)], 30)
    assert [len(fold.train) for fold in purged.folds] == [15, 27, 39]
    assert "1 of the steps had too few others" in purged.sentence


def test_where_nothing_would_be_left_the_card_says_that_outcomes_reach_into_the_test() -> None:
    split, purged, _ = a_split([float(day) for day in range(100)], 1000)
    assert [len(fold.train) for fold in purged.folds] == [len(fold.train) for fold in split.folds]
    assert "reach into the time" in purged.sentence


def test_where_no_rows_are_held_back_the_figures_are_of_the_steps_that_are_left() -> None:
    split = cross_validate_in_order(np.arange(100))
    purged = purge(split, Horizons(np.arange(100.0), 33), np.arange(100) % 2.0)
    assert 0 < len(purged.folds) < len(split.folds)
    assert purged.test.tolist() == np.concatenate([fold.validation for fold in purged.folds]).tolist()


def test_a_split_at_random_stays_as_it_is() -> None:
    split = split_at_random(np.arange(100) % 2.0, stratify=True, seed=0)
    assert purge(split, Horizons(np.arange(100.0), 10), np.arange(100) % 2.0) is split


def test_timestamps_and_written_dates_are_the_same_instants() -> None:
    stamps = pa.table({"at": pa.array([START, START + timedelta(days=1)], pa.timestamp("us", tz="UTC"))})
    written = pa.table({"at": ["2026-01-01", "2026-01-02"]})
    both = [read_horizons(table, "at", 1).as_of.tolist() for table in (stamps, written)]
    assert both[0] == both[1]


def test_a_fit_says_on_its_card_what_was_not_trained_on() -> None:
    rows = 400
    random = np.random.default_rng(0)
    x = random.normal(size=rows)
    table = pa.table(
        {
            "x": x,
            "as_of": pa.array([START + timedelta(hours=6 * row) for row in range(rows)], pa.timestamp("us", tz="UTC")),
            "won": random.random(rows) < 1 / (1 + np.exp(-x)),
        }
    )
    options = FitOptions(
        outcome="won", ordered=True, algorithms=("logistic_regression",), as_of_column="as_of", horizon_days=10
    )
    card = fit(table, options).card
    assert "not settled" in card.data.split
    assert [feature.name for feature in card.columns if feature.use == "feature"] == ["x"]


def test_an_absent_column_of_instants_is_named() -> None:
    with pytest.raises(Missing, match="as_of_column"):
        fit(pa.table({"won": [True, False]}), FitOptions(outcome="won", as_of_column="as_of", horizon_days=10))
