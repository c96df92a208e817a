"""Leads older than those that could be learnt from have the level of all that were watched at their age."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from tests.targets import a_target

from leadwise.domain.card import Task
from leadwise.domain.history import LEADS, OUTCOMES
from leadwise.domain.target import Calendar, NamedFeature
from leadwise.models.margins import logit
from leadwise.registry.model_file import dump_model, load_model
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.old_leads import AGE, Watched, follow_old_leads, watch
from leadwise.training.options import FitOptions

DAY = 86_400_000_000
NOW = 400 * DAY
TARGET = a_target(horizon_days=90, open_days=90, ages_days=(0, 7))
EARLY, LATE = 0.02, 0.0005
"""The daily hazards of leads up to an age of ten days, and from then on."""


def happened(leads: int, seed: int, losses: float = 0.0) -> tuple[pa.Table, pa.Table]:
    """Leads of 120 days with what became of them by now."""
    draw = np.random.default_rng(seed)
    arrived = NOW - draw.integers(0, 120 * DAY, leads)
    early = draw.exponential(1 / EARLY, leads)
    won = np.where(early < 10, early, 10 + draw.exponential(1 / LATE, leads))
    lost = draw.exponential(1 / losses, leads) if losses else np.full(leads, np.inf)
    end = arrived + (np.minimum(np.minimum(won, lost), 1e4) * DAY).astype(np.int64)
    known, number = end <= NOW, np.arange(leads)
    names = [str(each) for each in number]
    table = pa.table([number, ["crm"] * leads, names, arrived, arrived], schema=LEADS)
    none = np.full(int(known.sum()), np.nan)
    return table, pa.table([number[known], (won <= lost)[known], none, end[known], end[known]], schema=OUTCOMES)


def rows(days: float, count: int, share: float, seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table({
        AGE: days + draw.uniform(0, 0.9, count),
        "Visits": draw.poisson(3, count).astype(float),
        "Buys": draw.random(count) < share,
    })  # fmt: skip


PAST = pa.concat_tables([rows(0, 900, 0.22, 1), rows(7, 800, 0.1, 2), rows(60, 9, 0.2, 3)])
OPEN = pa.concat_tables([rows(2, 100, 0, 4), rows(30, 300, 0, 5), rows(70, 300, 0, 6)]).drop_columns(["Buys"])
WATCHED = watch(*happened(6_000, 1), NOW)


@pytest.fixture(scope="module")
def model() -> FittedModel:
    options = FitOptions(outcome="Buys", budget_seconds=5, algorithms=("logistic_regression",))
    return fit(PAST, options)


def probabilities(model: FittedModel) -> np.ndarray:
    return model.probabilities(model.encode(OPEN))


def test_the_share_that_converts_is_known_of_leads_whose_horizon_has_not_passed():
    found = WATCHED.converting(np.array([0.0, 20.0, 60.0]), 90)
    expected = [1 - np.exp(-10 * EARLY - 80 * LATE), 1 - np.exp(-90 * LATE), 1 - np.exp(-90 * LATE)]
    assert found == pytest.approx(expected, rel=0.25)


def test_leads_that_are_lost_do_not_convert():
    lost = watch(*happened(20_000, 2, losses=0.05), NOW).converting(np.array([20.0]), 90)
    assert lost == pytest.approx([LATE / (LATE + 0.05)], rel=0.35)


def test_what_becomes_known_later_is_not_counted():
    leads, outcomes = happened(300, 3)
    before = watch(leads, outcomes, NOW - 30 * DAY)
    known = outcomes.filter(pa.array(outcomes["occurred_at"].to_numpy() <= NOW - 30 * DAY))
    there = leads.filter(pa.array(leads["occurred_at"].to_numpy() <= NOW - 30 * DAY))
    assert all(
        np.array_equal(*pair)
        for pair in zip(vars(before).values(), vars(watch(there, known, NOW - 30 * DAY)).values(), strict=True)
    )


def test_old_leads_have_the_level_of_all_that_were_watched_at_their_age(model):
    followed = follow_old_leads(model, TARGET, PAST, OPEN, WATCHED)
    before, after = probabilities(model), probabilities(followed)
    usual = WATCHED.converting(OPEN[AGE].to_numpy(), TARGET.horizon_days)
    assert before[100:].sum() > 1.5 * usual[100:].sum()
    for group in (slice(100, 400), slice(400, 700)):
        assert after[group].sum() == pytest.approx(usual[group].sum(), rel=0.1)
    assert np.array_equal(after[:100], before[:100])
    moved = logit(after[100:]) - logit(before[100:])
    assert np.ptp(moved[300:]) < 0.3  # who comes first among them stays
    assert "600 of the open leads are older than 8 days" in followed.card.warnings[-1]
    assert followed.card.model_version != model.card.model_version


def test_an_age_in_a_unit_of_the_users_own_is_an_age_too():
    hours, column = NamedFeature(name="age_in_hours", of=AGE, times=24.0), PAST.column_names.index(AGE)
    target = a_target(
        horizon_days=90, open_days=90, ages_days=(0, 7), features=(hours, NamedFeature(name="Visits", of="Visits"))
    )
    past, open_leads = (
        each.set_column(column, hours.name, pa.array(each[AGE].to_numpy() * 24)) for each in (PAST, OPEN)
    )
    in_hours = fit(past, FitOptions(outcome="Buys", budget_seconds=5, algorithms=("logistic_regression",)))
    followed = follow_old_leads(in_hours, target, past, open_leads, WATCHED)
    after = followed.probabilities(followed.encode(open_leads))
    usual = WATCHED.converting(OPEN[AGE].to_numpy(), TARGET.horizon_days)
    for group in (slice(100, 400), slice(400, 700)):
        assert after[group].sum() == pytest.approx(usual[group].sum(), rel=0.1)
    assert np.array_equal(after[:100], in_hours.probabilities(in_hours.encode(open_leads))[:100])
    assert "600 of the open leads are older than 8 days" in followed.card.warnings[-1]


def test_reasons_add_up_and_the_model_file_keeps_it(model):
    followed = follow_old_leads(model, TARGET, PAST, OPEN, WATCHED)
    frame = followed.encode(OPEN)
    for exact in (False, True):
        assert followed.explain(frame, exact=exact).margins == pytest.approx(followed.margins(frame))
    assert followed.explain_row(frame.take(np.array([650]))).margins == pytest.approx(followed.margins(frame)[650:651])
    loaded = load_model(dump_model(followed), "a test")
    assert loaded.ages == followed.ages
    assert np.array_equal(loaded.margins(frame), followed.margins(frame))


@pytest.mark.parametrize(
    "changed",
    [
        {"repeats": True},
        {"task": Task.VALUE},
        {"ages_days": (), "calendar": Calendar.MONTH},
    ],
)
def test_targets_that_are_not_looked_at_by_age_are_left_alone(model, changed):
    assert follow_old_leads(model, TARGET.model_copy(update=changed), PAST, OPEN, WATCHED) is model


def test_a_model_that_agrees_stays_as_it_is(model):
    young = OPEN.filter(pa.array(OPEN[AGE].to_numpy() < 8))
    assert follow_old_leads(model, TARGET, PAST, young, WATCHED) is model
    old = probabilities(model)[100:].mean()
    alike = Watched(np.full(200, 1000.0), np.full(200, 1000 * old / 90), np.full(200, 1000 * old / 90))
    assert follow_old_leads(model, TARGET, PAST, OPEN, replace(alike)) is model
