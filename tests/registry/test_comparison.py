from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.domain.card import ConversionMetrics
from leadwise.features.history import definitions
from leadwise.registry.comparison import compare, measure, unseen_by
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.landmarks import AS_OF, EXTERNAL_ID, OUTCOME, SOURCE
from leadwise.training.options import FitOptions

TARGET = load_blueprint("marketplace-auto").target
COLUMNS = [definition.name for definition in definitions(TARGET)]
NUMBERS = [name for name in COLUMNS if name.endswith("_7d")][:2] or COLUMNS[:2]
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def past_leads(seed: int, rows: int = 300, *, which: int = 0) -> pa.Table:
    """Rows in which one of two columns decides."""
    random = np.random.default_rng(seed)
    values = {name: random.poisson(3, rows).astype(float) for name in NUMBERS}
    won = random.random(rows) < 1 / (1 + np.exp(3 - values[NUMBERS[which]]))
    return pa.table(
        {
            SOURCE: ["web"] * rows,
            EXTERNAL_ID: [f"L{number}" for number in range(rows)],
            AS_OF: pa.array([FIRST_DAY + timedelta(days=day) for day in range(rows)], pa.timestamp("us", tz="UTC")),
            **values,
            OUTCOME: won,
        }
    )


def fitted(which: int) -> FittedModel:
    table = past_leads(which, which=which).drop_columns([SOURCE, EXTERNAL_ID, AS_OF])
    options = FitOptions(outcome=OUTCOME, ordered=True, algorithms=("logistic_regression",), budget_seconds=3)
    return fit(table, options)


@pytest.fixture(scope="module")
def models() -> tuple[FittedModel, FittedModel]:
    return fitted(0), fitted(1)


def made_at(model: FittedModel, instant: datetime) -> FittedModel:
    return replace(model, card=model.card.model_copy(update={"created_at": instant}))


def test_a_version_against_itself_changes_nothing(models):
    found = compare(models[0], models[0], TARGET, past_leads(7), past_leads(8))
    assert (found.graded_otherwise, found.grade_changes, found.movers) == (0, (), ())
    assert found.rank_correlation == pytest.approx(1)
    assert found.first_metrics == found.second_metrics


def test_versions_that_look_at_different_columns_move_leads_and_say_why(models):
    leads = past_leads(7)
    found = compare(*models, TARGET, leads, past_leads(8))
    assert (found.open_leads, found.first) == (300, models[0].card.model_version)
    assert found.rank_correlation is not None
    assert found.rank_correlation < 0.5
    assert 0 < found.graded_otherwise <= 300
    assert sum(change.leads for change in found.grade_changes) == found.graded_otherwise
    assert all(change.before != change.after for change in found.grade_changes)
    moved = [abs(mover.after - mover.before) for mover in found.movers]
    assert len(moved) == 10
    assert moved == sorted(moved, reverse=True)
    for mover in found.movers:
        assert {reason.column for reason in mover.reasons} <= set(NUMBERS)
        assert all(reason.sentence for reason in mover.reasons)
        rise = sum(reason.contribution for reason in mover.reasons)
        assert rise * (mover.after - mover.before) > 0
    assert isinstance(found.first_metrics, ConversionMetrics)
    assert isinstance(found.second_metrics, ConversionMetrics)
    assert found.first_metrics.roc_auc is not None
    assert found.second_metrics.roc_auc is not None
    assert found.first_metrics.roc_auc > 0.7 > found.second_metrics.roc_auc


def test_metrics_are_of_leads_that_neither_version_can_have_learnt_from(models):
    leads = past_leads(8)
    learnt = [made_at(model, FIRST_DAY + timedelta(days=days)) for model, days in zip(models, (100, 200), strict=True)]
    unseen = unseen_by((learnt[0].card, learnt[1].card), leads, TARGET.horizon_days)
    settled = FIRST_DAY + timedelta(days=200 - TARGET.horizon_days)
    assert min(unseen[AS_OF].to_pylist()) > settled
    assert unseen.num_rows == sum(as_of > settled for as_of in leads[AS_OF].to_pylist())
    found = compare(*learnt, TARGET, leads.slice(0, 10), leads)
    assert (found.unseen, found.known_leads) == (True, unseen.num_rows)
    assert found.first_metrics == measure(models[0], unseen)
    later = [made_at(model, FIRST_DAY + timedelta(days=9_000)) for model in models]
    found = compare(*later, TARGET, leads.slice(0, 10), leads)
    assert (found.unseen, found.known_leads) == (False, 60)


def test_without_leads_there_is_nothing_to_compare(models):
    none = past_leads(7).slice(0, 0)
    found = compare(*models, TARGET, none, none)
    assert (found.open_leads, found.known_leads, found.first_metrics, found.rank_correlation) == (0, 0, None, None)
