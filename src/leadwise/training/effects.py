"""What each column does to the score, for people to read: its mean contribution by value or range."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from leadwise.domain.card import EffectPoint, FeatureEffect
from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats
from leadwise.features.encoding import to_numbers

RANGES = 6
MOST_DIGITS = 6
VALUES = 8
FEWEST_IN_A_POINT = 5
"""Fewer rows than this are not shown: they say little, and might point at persons."""
NOT_GIVEN = "not given"


def column_effects(table: pa.Table, columns: Sequence[Column], contributions: Floats) -> tuple[FeatureEffect, ...]:
    """The effects of these rows, strongest column first.

    Args:
        table: The rows that were explained.
        columns: Their columns, in the order of the contributions.
        contributions: Shape (rows, columns).
    """
    effects = [
        _effect(column, _points(table, column, contributions[:, index]), contributions[:, index])
        for index, column in enumerate(columns)
    ]
    return tuple(sorted(effects, key=lambda effect: (-effect.importance, effect.column)))


def _effect(column: Column, points: tuple[EffectPoint, ...], contribution: Floats) -> FeatureEffect:
    importance = float(np.abs(contribution).mean()) if len(contribution) else 0.0
    return FeatureEffect(column=column.name, importance=importance, sentence=_sentence(column, points), points=points)


def _sentence(column: Column, points: Sequence[EffectPoint]) -> str:
    if len(points) < 2 or not any(point.contribution for point in points):  # noqa: PLR2004 - nothing to compare
        return f"{column.name} makes no difference."
    best = max(points, key=lambda point: point.contribution)
    worst = min(points, key=lambda point: point.contribution)
    return f"{column.name}: {best.label} speaks most for a lead, {worst.label} most against it."


def _points(table: pa.Table, column: Column, contribution: Floats) -> tuple[EffectPoint, ...]:
    if column.kind is ColumnKind.TEXT or column.name not in table.column_names:
        return ()
    numbers = to_numbers(table.column(column.name), column)
    labels, group = _groups(column, numbers)
    points = [
        EffectPoint(
            label=label, contribution=float(contribution[group == number].mean()), count=int((group == number).sum())
        )
        for number, label in enumerate(labels)
        if (group == number).sum() >= FEWEST_IN_A_POINT
    ]
    return tuple(points)


def _groups(column: Column, numbers: Floats) -> tuple[list[str], "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Labels, and for each row which of them it has."""
    given = ~np.isnan(numbers)
    group = np.zeros(len(numbers), dtype=np.int64)
    if column.kind in {ColumnKind.CATEGORY, ColumnKind.CODE}:
        labels = [*column.levels[:VALUES], "another value", NOT_GIVEN]
        group[given] = np.minimum(numbers[given], len(labels) - 2).astype(np.int64)
    elif column.kind is ColumnKind.BOOLEAN:
        labels = ["no", "yes", NOT_GIVEN]
        group[given] = numbers[given].astype(np.int64)
    else:
        edges = np.unique(np.quantile(numbers[given], np.linspace(0, 1, RANGES + 1))) if given.any() else np.zeros(1)
        labels = [*_range_labels(column, edges), NOT_GIVEN]
        group[given] = np.searchsorted(edges[1:-1], numbers[given], side="left")
    group[~given] = len(labels) - 1
    return labels, group


def _range_labels(column: Column, edges: Floats) -> list[str]:
    """Labels of the ranges between the edges, with as few digits as tell the edges apart."""
    words = next(
        words
        for digits in range(MOST_DIGITS + 1)
        if len(set(words := [_number(column, float(edge), digits) for edge in edges])) == len(edges)
        or digits == MOST_DIGITS
    )
    return [f"{low} to {high}" for low, high in pairwise(words)] or words


def _number(column: Column, number: float, digits: int) -> str:
    if column.kind is ColumnKind.DATE:
        return str(np.datetime64(int(number), "D"))
    return f"{number:,.{digits}f}"
