"""Which rows train, which validate, and which are the test: the newest where time is known.

A split is never drawn inside a group (all rows of one lead), and validation rows are never older than training rows
where time is known.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats

Rows = NDArray[np.intp]

TEST_SHARE = 0.2
FOLDS = 5
TIME_FOLDS = 4
FOLDS_OF_FEW = 10
"""Few rows are fitted quickly, and each fold takes little from them."""
FIRST_TRAINING_SHARE = 0.4
"""Time-ordered validation begins after this share of the training rows."""


@dataclass(frozen=True)
class Fold:
    """Positions of rows to fit on and to predict."""

    train: Rows
    validation: Rows


@dataclass(frozen=True)
class Split:
    """How the rows are divided.

    Args:
        train: All rows but the test's; in time order where time is known.
        test: Rows that no choice may look at; where there are too few to hold any back, the folds' validation rows in
            their order, or, without folds, the rows trained on.
        folds: Parts of `train`, the same for every algorithm.
        sentence: What was done, for the card.
        ordered: Whether rows and folds are in time order.
        held_out: Whether `test` was held back from all folds.
    """

    train: Rows
    test: Rows
    folds: tuple[Fold, ...]
    sentence: str
    ordered: bool = False
    held_out: bool = True

    @property
    def validated(self) -> Rows:
        """The rows that validation speaks of, in its order: the folds' parts, or without folds the training rows."""
        return np.concatenate([fold.validation for fold in self.folds]) if self.folds else self.train


def split_in_order(order: Rows, group: NDArray[Any] | None = None) -> Split:
    """The newest fifth tests; validation blocks march through the rest, each after the rows it is trained on.

    Args:
        order: Row positions, oldest first.
        group: A label for each row (not in `order`): rows with the same label stay together. None: each by itself.

    >>> split = split_in_order(np.arange(100))
    >>> split.test.tolist() == list(range(80, 100)), [(len(f.train), len(f.validation)) for f in split.folds]
    (True, [(32, 12), (44, 12), (56, 12), (68, 12)])
    """
    cut = _boundary(order, group, round(len(order) * (1 - TEST_SHARE)))
    train, test = order[:cut], order[cut:]
    bounds = np.linspace(FIRST_TRAINING_SHARE, 1.0, TIME_FOLDS + 1) * len(train)
    edges = [_boundary(train, group, round(float(bound))) for bound in bounds[:-1]] + [len(train)]
    folds = tuple(Fold(train[:start], train[start:end]) for start, end in pairwise(edges) if 0 < start < end)
    sentence = (
        f"The newest {len(test):,} of {len(order):,} rows are the test set. Validation rows are always newer than the "
        f"rows trained on, in {len(folds)} steps."
    )
    return Split(train, test, folds, sentence, ordered=True)


def split_at_random(target: Floats, *, stratify: bool, seed: int, group: NDArray[Any] | None = None) -> Split:
    """A random fifth tests; the rest is validated in five folds.

    Args:
        target: By row; with `stratify`, each part gets its share of each value.
        stratify: Whether the target is a class.
        seed: Draws the rows.
        group: A label for each row: rows with the same label stay together.
    """
    random = np.random.default_rng(seed)
    parts, test_parts = 5 * FOLDS, round(5 * FOLDS * TEST_SHARE)
    if group is None:
        part = _parts(target, parts, random, stratify=stratify)
    else:
        part = _parts_of_groups(group, parts, test_parts, random)
    train, test = np.flatnonzero(part >= test_parts), np.flatnonzero(part < test_parts)
    fold_of = part[train] % FOLDS
    folds = tuple(
        Fold(train[fold_of != fold], train[fold_of == fold])
        for fold in range(FOLDS)
        if (fold_of == fold).any() and (fold_of != fold).any()
    )
    sentence = (
        f"A random {len(test):,} of {len(target):,} rows are the test set; the rest was validated in {len(folds)} "
        "folds. No time column was named, so nothing shows how the model does on later leads."
    )
    return Split(train, test, folds, sentence)


def cross_validate_in_order(order: Rows, group: NDArray[Any] | None = None) -> Split:
    """No test set: of few rows the newest are predicted in many small steps, each from the older ones alone.

    Args:
        order: Row positions, oldest first.
        group: As for `split_in_order`.

    >>> split = cross_validate_in_order(np.arange(15))
    >>> split.folds[0].train.tolist(), split.test.tolist()
    ([0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11, 12, 13, 14])
    """
    bounds = np.linspace(FIRST_TRAINING_SHARE, 1.0, FOLDS_OF_FEW + 1) * len(order)
    edges = [_boundary(order, group, round(float(bound))) for bound in bounds[:-1]] + [len(order)]
    folds = tuple(Fold(order[:start], order[start:end]) for start, end in pairwise(edges) if 0 < start < end)
    return _cross_validated(order, folds, "older ones", ordered=True)


def cross_validate_at_random(target: Floats, *, seed: int, group: NDArray[Any] | None = None) -> Split:
    """No test set: each of few rows is predicted from the others.

    Args:
        target: By row; each fold gets its share of each value.
        seed: Draws the folds.
        group: As for `split_at_random`.
    """
    random = np.random.default_rng(seed)
    if group is None:
        fold_of = _parts(target, FOLDS_OF_FEW, random, stratify=True)
    else:
        distinct, label = np.unique(group, return_inverse=True)
        fold_of = random.permutation(np.arange(len(distinct)) % FOLDS_OF_FEW)[label]
    rows = np.arange(len(target))
    folds = tuple(
        Fold(rows[fold_of != fold], rows[fold_of == fold])
        for fold in range(FOLDS_OF_FEW)
        if (fold_of == fold).any() and (fold_of != fold).any()
    )
    return _cross_validated(rows, folds, "others")


def use_all(rows: int) -> Split:
    """No test set and no folds, where nothing is learnt that could be put to a test.

    >>> use_all(2).test.tolist()
    [0, 1]
    """
    sentence = "There are too few outcomes to hold any back, so the figures are of the rows that the model was given."
    return Split(np.arange(rows), np.arange(rows), (), sentence, held_out=False)


def _cross_validated(rows: Rows, folds: tuple[Fold, ...], learnt_from: str, *, ordered: bool = False) -> Split:
    if not folds:
        return use_all(len(rows))
    validated = sum(len(fold.validation) for fold in folds)
    sentence = (
        f"There are too few outcomes to hold any back: {validated:,} of {len(rows):,} rows were each scored by a model "
        f"that had learnt from the {learnt_from} alone, in {len(folds)} steps, and the figures are of these scores."
    )
    split = Split(rows, rows, folds, sentence, ordered=ordered, held_out=False)
    return replace(split, test=split.validated)


def _parts(target: Floats, parts: int, random: np.random.Generator, *, stratify: bool) -> NDArray[np.int64]:
    """A part for each row, of nearly equal sizes, with each class spread evenly."""
    shuffled = random.permutation(len(target))
    if stratify:
        shuffled = shuffled[np.argsort(target[shuffled], kind="stable")]
    part = np.empty(len(target), dtype=np.int64)
    part[shuffled] = _spread(len(target), parts, random)
    return part


def _parts_of_groups(
    group: NDArray[Any], parts: int, test_parts: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """A part for each row: a fifth of the groups in the test's parts, however few there are, the rest spread evenly."""
    distinct, label = np.unique(group, return_inverse=True)
    place = random.permutation(len(distinct))
    tests = min(max(round(len(distinct) * test_parts / parts), 1), max(len(distinct) - 1, 0))
    part = np.where(place < tests, place % test_parts, test_parts + (place - tests) % (parts - test_parts))
    return np.asarray(part[label])


def _spread(rows: int, parts: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Part numbers in which each run of `parts` rows has each part once, in random order."""
    runs = [random.permutation(parts) for _ in range(-(-rows // parts))]
    return np.concatenate(runs)[:rows] if runs else np.zeros(0, dtype=np.int64)


def _boundary(order: Rows, group: NDArray[Any] | None, cut: int) -> int:
    """The first position from `cut` on at which a new group begins."""
    if group is None or cut <= 0:
        return max(cut, 0)
    while cut < len(order) and group[order[cut]] == group[order[cut - 1]]:
        cut += 1
    return cut
