"""Where the world moves, the model follows what validation on later leads says; nothing else is done."""

import numpy as np
import pytest

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Frame
from leadwise.models.margins import sigmoid
from leadwise.training.budget import OutOfTimeError
from leadwise.training.drift import Memory, find_drift
from leadwise.training.splits import split_at_random, split_in_order

ROWS = 3_000
FEATURES = (Feature("Visits", "Visits"), Feature("Season", "Season"), Feature("Budget", "Budget"))


def make_rows(effect: np.ndarray, level: np.ndarray, season: np.ndarray, seed: int = 0) -> tuple[Frame, np.ndarray]:
    random = np.random.default_rng(seed)
    visits, budget = random.normal(size=ROWS), random.normal(size=ROWS)
    target = (random.random(ROWS) < sigmoid(effect * visits + level + 0.3 * budget)).astype(float)
    return Frame(FEATURES, np.column_stack([visits, season, budget])), target


def find(frame: Frame, target: np.ndarray, **options: object):
    return find_drift(frame, target, split_in_order(np.arange(len(target))), Task.CONVERSION, seed=0, **options)


def test_in_a_world_that_stands_still_old_leads_count_and_no_column_goes():
    noise = np.random.default_rng(3).normal(size=ROWS)
    drift = find(*make_rows(np.ones(ROWS), np.zeros(ROWS), noise))
    assert {drift.memory.half_life, drift.latest.half_life} <= {None, 1.0}  # the oldest weigh half at the least
    assert drift.left_out == ()


def test_a_rate_and_an_effect_that_move_are_followed():
    moment = np.linspace(-1, 1, ROWS)
    noise = np.random.default_rng(3).normal(size=ROWS)
    drift = find(*make_rows(-2.5 * moment, 2 * moment, noise))
    assert drift.latest.trend or drift.latest.half_life is not None
    assert drift.report is not None
    assert sum(trial.chosen for trial in drift.report.trials) == 1
    losses = {(trial.trend, trial.half_life): trial.loss for trial in drift.report.trials}
    assert min(losses.values()) < losses[False, None] - 0.01


def test_a_column_that_turns_against_its_own_past_is_left_out_unless_it_is_kept():
    moment = np.arange(ROWS) / ROWS
    random = np.random.default_rng(4)
    frame, target = make_rows(np.ones(ROWS), np.zeros(ROWS), np.zeros(ROWS))
    promise = np.where(random.random(ROWS) < 0.9, target, 1 - target)  # tells the outcome, until it tells nothing
    season = np.where(moment < 0.64, promise, random.integers(2, 4, ROWS) - 2.0) + np.where(moment < 0.64, 0, 0.25)
    season[moment >= 0.52] = 1.0 - season[moment >= 0.52] + random.integers(0, 2, int((moment >= 0.52).sum()))
    moved = Frame(FEATURES, np.column_stack([frame.values[:, 0], season, frame.values[:, 2]]))
    drift = find(moved, target)
    assert set(drift.left_out) <= {"Season"}
    assert find(moved, target, keep=("Season",)).left_out == ()


def test_without_time_or_with_few_rows_nothing_is_looked_for():
    frame, target = make_rows(np.ones(ROWS), np.zeros(ROWS), np.zeros(ROWS))
    at_random = split_at_random(target, stratify=True, seed=0)
    assert find_drift(frame, target, at_random, Task.CONVERSION, seed=0).report is None
    few = np.arange(100)
    assert find_drift(frame.take(few), target[few], split_in_order(few), Task.CONVERSION, seed=0).report is None


def test_the_newest_rows_weigh_more():
    weights = Memory(half_life=0.25).weights(1_000)
    assert weights is not None
    assert weights.mean() == pytest.approx(1)
    assert weights[-1] / weights[-251] == pytest.approx(2)
    assert Memory().weights(1_000) is None


def test_when_time_is_short_the_usual_is_done():
    def out_of_time() -> None:
        raise OutOfTimeError

    frame, target = make_rows(np.ones(ROWS), np.zeros(ROWS), np.zeros(ROWS))
    drift = find(frame, target, check_time=out_of_time)
    assert drift.memory == drift.latest == Memory(trend=True)
    assert drift.left_out == ()
    assert "budget ended before" in drift.report.sentence
