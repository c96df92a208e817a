"""Where the same leads are looked at again and again: no lead on both sides, nothing learnt from what came later."""

import numpy as np
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions
from leadwise.training.period_splits import in_order_of_periods, split_by_period


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_no_step_shares_leads_or_learns_from_what_came_after_it_began(leads: int, periods: int, seed: int):
    random = np.random.default_rng(seed)
    lead, period = np.divmod(np.flatnonzero(random.random(leads * periods) < 0.7), periods)
    assume(len(lead) and period.min() < period.max())
    order = np.argsort(period, kind="stable")
    as_of, group = 91.0 * period[order], lead[order]
    split = split_by_period(as_of, group, seed=seed)
    assume(split is not None)
    for train, judged in [(split.train, split.test), *((fold.train, fold.validation) for fold in split.folds)]:
        assert not set(group[train]) & set(group[judged])
        if len(train):
            assert as_of[train].max() < as_of[judged].min()
    validated = split.validated if split.folds else np.array([], int)
    assert len(set(validated)) == len(validated)
    assert set(validated) <= set(split.train)


def test_rows_of_one_instant_cannot_be_split_by_it():
    assert split_by_period(np.zeros(9), np.arange(9), seed=0) is None


def test_rows_come_in_order_of_periods_and_in_no_order_of_leads_within_one():
    table = pa.table({"as_of": np.tile([3, 1, 2], 50), "lead": np.repeat(np.arange(50), 3)})
    ordered = in_order_of_periods(table, "as_of")
    assert ordered["as_of"].to_pylist() == sorted(table["as_of"].to_pylist())
    first = ordered["lead"].to_pylist()[:50]
    assert sorted(first) == list(range(50)) != first
    assert ordered.equals(in_order_of_periods(table, "as_of"))


def test_a_model_of_periods_is_tested_on_owners_of_every_age():
    """By order of arrival the test would hold the newest leads alone, and the model be chosen by them."""
    random = np.random.default_rng(0)
    arrived = np.repeat(np.arange(400), 5) * 4  # in days
    as_of = np.tile(np.arange(1, 6) * 365, 400)
    there = as_of > arrived
    tenure = (as_of - arrived)[there]
    rows = pa.table(
        {
            "as_of": pa.array(as_of[there] * 86_400_000_000, pa.timestamp("us", tz="UTC")),
            "lead": [f"L{number}" for number in np.repeat(np.arange(400), 5)[there]],
            "tenure": np.round(tenure / 365, 1),
            "rooms": random.integers(1, 6, len(tenure)),
            "won": np.where(random.random(len(tenure)) < 0.1 + 0.7 * (tenure > 900), "yes", "no"),
        }
    )
    model = fit(
        in_order_of_periods(rows, "as_of"),
        FitOptions(
            outcome="won",
            ordered=True,
            group_column="lead",
            as_of_column="as_of",
            horizon_days=365,
            by_period=True,
            algorithms=("logistic_regression",),
            keep=("tenure",),
            budget_seconds=600,
        ),
    )
    assert model.card.data.split.startswith("The test set is a random fifth of the leads as they were from 1974-12-31")
    assert model.card.data.test_rows == 80  # all of the fifth's, those of long standing too
    assert model.card.test.roc_auc > 0.7
