"""Which rows train, validate and test: newest last, groups whole, shares even, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadwise.training.splits import Split, split_at_random, split_in_order

SEEDS = st.integers(0, 2**32 - 1)
QUICKLY = settings(max_examples=60, deadline=None)


def sound(split: Split, rows: int) -> None:
    """Every row trains or tests; folds stay within the training rows and never validate what they train on."""
    assert sorted([*split.train, *split.test]) == list(range(rows))
    for fold in split.folds:
        assert set(fold.train) | set(fold.validation) <= set(split.train)
        assert not set(fold.train) & set(fold.validation)
        assert len(fold.train) > 0 < len(fold.validation)


@QUICKLY
@given(st.integers(5, 300), SEEDS)
def test_in_order_the_newest_fifth_is_the_test(rows: int, seed: int):
    order = np.random.default_rng(seed).permutation(rows)
    split = split_in_order(order)
    sound(split, rows)
    assert split.test.tolist() == order[round(rows * 0.8) :].tolist()
    assert split.ordered


@QUICKLY
@given(st.integers(1, 300), SEEDS)
def test_in_order_validation_is_newer_than_all_it_was_trained_on(rows: int, seed: int):
    order = np.random.default_rng(seed).permutation(rows)
    age = np.empty(rows)
    age[order] = np.arange(rows)
    split = split_in_order(order)
    for fold in split.folds:
        assert age[fold.train].max() < age[fold.validation].min()
    validated = np.concatenate([fold.validation for fold in split.folds]) if split.folds else np.zeros(0)
    assert len(set(validated)) == len(validated)
    if rows >= 10:
        assert len(split.folds) == 4


@QUICKLY
@given(st.integers(1, 200), st.integers(1, 30), SEEDS)
def test_in_order_a_group_that_lies_together_is_never_separated(rows: int, groups: int, seed: int):
    group = np.sort(np.random.default_rng(seed).integers(0, groups, rows))
    split = split_in_order(np.arange(rows), group)
    sound(split, rows)
    assert not set(group[split.train]) & set(group[split.test])
    for fold in split.folds:
        assert not set(group[fold.train]) & set(group[fold.validation])


@QUICKLY
@given(st.integers(1, 200), st.integers(1, 60), SEEDS)
def test_at_random_a_group_is_never_separated(rows: int, groups: int, seed: int):
    group = np.random.default_rng(seed).integers(0, groups, rows)
    target = np.arange(rows) % 2.0
    split = split_at_random(target, stratify=True, seed=seed, group=group)
    sound(split, rows)
    assert not set(group[split.train]) & set(group[split.test])
    for fold in split.folds:
        assert not set(group[fold.train]) & set(group[fold.validation])


@pytest.mark.parametrize("groups", [2, 3, 5, 10, 24, 60])
def test_at_random_a_fifth_of_few_groups_is_the_test(groups: int):
    split = split_at_random(np.zeros(groups * 7), stratify=True, seed=1, group=np.arange(groups * 7) % groups)
    assert len(split.test) == 7 * max(1, round(groups / 5))
    assert len(split.folds) == {2: 0, 3: 2, 5: 4}.get(groups, 5)


@QUICKLY
@given(st.integers(100, 600), st.floats(0.05, 0.95), SEEDS)
def test_at_random_each_part_has_its_share_of_each_outcome(rows: int, rate: float, seed: int):
    target = (np.random.default_rng(seed).random(rows) < rate).astype(float)
    split = split_at_random(target, stratify=True, seed=seed)
    sound(split, rows)
    parts = [split.test, *(fold.validation for fold in split.folds)]
    assert len(split.folds) == 5
    assert abs(target[split.test].sum() - 0.2 * target.sum()) <= 5
    assert abs(len(split.test) - 0.2 * rows) <= 5
    for part in parts[1:]:
        assert abs(target[part].sum() - 0.16 * target.sum()) <= 5


def test_at_random_every_training_row_is_validated_once():
    split = split_at_random(np.arange(101) % 2.0, stratify=True, seed=3)
    assert sorted(np.concatenate([fold.validation for fold in split.folds])) == sorted(split.train)


def test_a_seed_draws_the_same_rows_twice_and_another_seed_others():
    first, again, other = (split_at_random(np.arange(90) % 2.0, stratify=True, seed=seed) for seed in (1, 1, 2))
    assert first.test.tolist() == again.test.tolist() != other.test.tolist()
    assert [fold.validation.tolist() for fold in first.folds] == [fold.validation.tolist() for fold in again.folds]


@pytest.mark.parametrize("rows", range(8))
@pytest.mark.parametrize("grouped", [True, False])
def test_a_handful_of_rows_is_split_without_a_crash(rows: int, grouped: bool):  # noqa: FBT001 - a parameter
    group = np.zeros(rows, dtype=np.int64) if grouped else None
    sound(split_in_order(np.arange(rows), group), rows)
    sound(split_at_random(np.zeros(rows), stratify=True, seed=0, group=group), rows)
    sound(split_at_random(np.arange(float(rows)), stratify=False, seed=0, group=group), rows)


def test_the_sentence_says_what_was_done():
    assert split_in_order(np.arange(1000)).sentence.startswith("The newest 200 of 1,000 rows are the test set.")
    assert split_at_random(np.arange(1000) % 2.0, stratify=True, seed=0).sentence.startswith("A random 200 of 1,000")
