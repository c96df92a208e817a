"""Features made of others, put behind them: calendar, logarithms, products."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.preprocessing.step import Parents, Step, numbers
from leadwise.models.screening import strongest_features

SATURDAY = 5
OFFICE_OPENS, OFFICE_CLOSES = 9, 17
MOST_DATES = 4
"""Spans are counted between the first dates only, as there are more pairs than dates."""
MOST_PAIRED = 8
"""So many numbers are multiplied with each other: at most 28 products."""
LARGEST = 1e300
"""Products are held within this, so that none becomes infinite."""


@dataclass(frozen=True)
class TimeFeatures(Step):
    """Of each date: weekend, quarter, the month and the hour as circles, office hours; and the days between dates."""

    def transform(self, frame: Frame) -> Frame:
        """The frame with the new features."""
        return _with(frame, list(self._made(frame.features, frame.values)))

    def parents(self, features: Sequence[Feature]) -> Parents:
        """Each new feature is of one part of a date, or of two days."""
        made = self._made(tuple(features), np.zeros((0, len(features))))
        return super().parents(features) + [parents for parents, _, _ in made]

    @staticmethod
    def _made(features: tuple[Feature, ...], values: Floats) -> "Iterator[_Made]":
        for index, feature in enumerate(features):
            for name, found in _calendar(feature.part, values[:, index]):
                yield (index,), Feature(f"{feature.source} ({name})", feature.source), found
        days = [index for index, feature in enumerate(features) if feature.part == "day"][:MOST_DATES]
        for first, second in combinations(days, 2):
            name = f"Days from {features[first].source} to {features[second].source}"
            yield (first, second), Feature(name, features[first].source), values[:, second] - values[:, first]


@dataclass(frozen=True)
class LogFeatures(Step):
    """Of each number that has more than two values, its logarithm: sign(x) log(1 + |x|), so that 0 stays 0."""

    positions: tuple[int, ...]

    @classmethod
    def fit(cls, frame: Frame) -> Self:
        """Find the numbers; parts of dates are no amounts."""
        amounts = [index for index in numbers(frame.features) if not frame.features[index].part]
        return cls(tuple(index for index in amounts if _distinct(frame.values[:, index]) > 2))  # noqa: PLR2004

    def transform(self, frame: Frame) -> Frame:
        """The frame with the logarithms."""
        made: list[_Made] = []
        for index in self.positions:
            feature, found = frame.features[index], frame.values[:, index]
            log = np.sign(found) * np.log1p(np.abs(found))
            made.append(((index,), Feature(f"{feature.name} (log)", feature.source), log))
        return _with(frame, made)

    def parents(self, features: Sequence[Feature]) -> Parents:
        """Each logarithm is of one number."""
        return super().parents(features) + [(index,) for index in self.positions]


@dataclass(frozen=True)
class Interactions(Step):
    """Products of two numbers of different columns.

    What a product contributes to a score is shared evenly between its two factors.
    """

    pairs: tuple[tuple[int, int], ...]

    @classmethod
    def fit(cls, frame: Frame, target: Floats | None) -> Self:
        """Pair the numbers that vary, at most eight: those that go furthest towards the target, or else the first."""
        varying = [index for index in numbers(frame.features) if _distinct(frame.values[:, index]) > 1]
        if target is not None:
            part = Frame(tuple(frame.features[index] for index in varying), frame.values[:, varying])
            varying = [varying[place] for place in strongest_features(part, target, MOST_PAIRED)]
        sources = [feature.source for feature in frame.features]
        pairs = combinations(varying[:MOST_PAIRED], 2)
        return cls(tuple((first, second) for first, second in pairs if sources[first] != sources[second]))

    def transform(self, frame: Frame) -> Frame:
        """The frame with the products."""
        made: list[_Made] = []
        for first, second in self.pairs:
            one, other = frame.features[first], frame.features[second]
            with np.errstate(over="ignore"):
                product = np.clip(frame.values[:, first] * frame.values[:, second], -LARGEST, LARGEST)
            made.append(((first, second), Feature(f"{one.name} times {other.name}", one.source), product))
        return _with(frame, made)

    def parents(self, features: Sequence[Feature]) -> Parents:
        """Each product is of two numbers."""
        return [*super().parents(features), *self.pairs]


_Made = tuple[tuple[int, ...], Feature, Floats]
"""Where a new feature comes from, what it is, and its values."""


def _with(frame: Frame, made: list[_Made]) -> Frame:
    features = (*frame.features, *(feature for _, feature, _ in made))
    return Frame(features, np.column_stack([frame.values, *(values for _, _, values in made)]))


def _calendar(part: str, values: Floats) -> Iterator[tuple[str, Floats]]:
    """What a part of a date tells besides itself. Months count from 1, weekdays and hours from 0."""
    missing = np.isnan(values)
    if part == "weekday":
        yield "weekend", np.where(missing, np.nan, values >= SATURDAY)
    elif part == "month":
        yield "quarter", np.ceil(values / 3)
        yield from _circle("month", values / 12)
    elif part == "hour":
        yield "office hours", np.where(missing, np.nan, (values >= OFFICE_OPENS) & (values < OFFICE_CLOSES))
        yield from _circle("hour", values / 24)


def _circle(name: str, turns: Floats) -> Iterator[tuple[str, Floats]]:
    """December is next to January: two numbers that go round."""
    yield f"{name}, sine", np.sin(2 * np.pi * turns)
    yield f"{name}, cosine", np.cos(2 * np.pi * turns)


def _distinct(values: Floats) -> int:
    return len(np.unique(values[~np.isnan(values)]))
