"""A feature of a lead's history: how it is computed, and what people read of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from leadwise.features.history_view import History

Value = float | int | str | bool | None
Given = TypeVar("Given", bound=Value)
Compute = Callable[[History], Value]
Say = Callable[[Value], str]


@dataclass(frozen=True)
class HistoryColumn:
    """One feature, which is one column of the feature table.

    Args:
        name: As sales would read it ("Buyer replies").
        unit: "hours", "days", "events"; empty where it has none.
        missing: What None means, in a sentence.
        dtype: How the table holds it.
        compute: Its value as of an instant.
        say: The sentence that sales reads of a value that is not None.
    """

    name: str
    unit: str
    missing: str
    dtype: pa.DataType
    compute: Compute
    say: Say

    def sentence(self, value: Value) -> str:
        """What sales reads of a value."""
        return self.missing if value is None else self.say(value)


_HOURS_PER = {"hours": 1, "days": 24}

REGISTERED: list[HistoryColumn] = []
"""The features that every target has, in the order in which `features.history` imports their modules."""


def history_feature(
    name: str, *, unit: str, sentence: str, missing: str = ""
) -> Callable[[Callable[[History], Given]], Callable[[History], Given]]:
    """Register a function as a feature.

    Args:
        name: The column's name.
        unit: Hours and days are told as people say durations ("18 minutes").
        sentence: What sales reads of a value, which stands at `{value}`.
        missing: What None means, in a sentence; empty for a feature that is never None.
    """

    def register(compute: Callable[[History], Given]) -> Callable[[History], Given]:
        def say(value: Value) -> str:
            if unit in _HOURS_PER and isinstance(value, int | float):
                return sentence.replace("{value}", in_words(value * _HOURS_PER[unit]))
            return fill(sentence, value)

        dtype = pa.string() if unit == "" else pa.float64()
        REGISTERED.append(HistoryColumn(name, unit, missing, dtype, compute, say))
        return compute

    return register


def fill(sentence: str, value: Value) -> str:
    """A sentence with `{value}` replaced by the value as people write it.

    >>> fill("The vehicle costs {value} EUR", 18900.0), fill("We first replied after {value} hours", 2.25)
    ('The vehicle costs 18,900 EUR', 'We first replied after 2.2 hours')
    """
    return sentence.replace("{value}", _written(value))


def in_words(hours: float) -> str:
    """A duration as people say it.

    >>> in_words(0.001), in_words(0.3), in_words(1), in_words(30), in_words(72)
    ('less than a minute', '18 minutes', '1 hour', '30 hours', '3 days')
    """
    if round(hours * 60) == 0:
        return "less than a minute"
    if hours < 1:
        return _counted(round(hours * 60), "minute")
    if hours < 48:  # noqa: PLR2004 - up to two days people count hours
        return _counted(round(hours), "hour")
    return _counted(round(hours / 24), "day")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and abs(value) < 100 and not value.is_integer():  # noqa: PLR2004 - digits that matter
        return f"{value:.1f}"
    if isinstance(value, int | float):
        return f"{value:,.0f}"
    return str(value)
