"""What a feature is: SQL over what was known of a lead, and the words in which people read it."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache

import pyarrow as pa

from leadwise.domain.target import Target
from leadwise.features.engines import Dialect
from leadwise.features.values import Value

__all__ = [
    "Aggregate",
    "FeatureDefinition",
    "Known",
    "Value",
    "families",
    "family",
    "of_changes",
    "of_events",
]


class Known(StrEnum):
    """What was known of a lead as of a moment; the tables that aggregates are over."""

    EVENTS = "events"
    """`kind` (its place in `Target.events`, or -1), `occurred_at`, `age` (`as_of - occurred_at`), `number_<place in
    Target.numbers>`, `occurred_before` (that of the event before; null for the first), `after_ours` (whether one of
    staff's happened before)."""
    STATEMENTS = "statements"
    """The latest one of each field: `aspect` (its place among `aspects(target)`), `text`, `number`."""
    CHANGES = "changes"
    """The statements that said something new after the arrival: `field` (its place in `Target.fields`), `occurred_at`,
    `age`."""


@dataclass(frozen=True)
class Aggregate:
    """SQL that makes one value of all that was known; instants are microseconds.

    Args:
        over: What is aggregated.
        sql: One aggregate function; null, even of a count, if there is nothing at all.
    """

    over: Known
    sql: str


@dataclass(frozen=True)
class FeatureDefinition:
    """One feature, which is one column of the feature table.

    Args:
        name: As sales would read it ("Buyer replies in the last 7 days").
        entity: The kind of thing that it is of.
        unit: "hours", "days", "events"; empty where it has none.
        window: Of how long it speaks ("7 days"); empty: all that is known.
        dtype: How the table holds it.
        missing: What null means, in a sentence; empty for a feature that is never null.
        say: The sentence that sales reads of a value that is not null.
        value: SQL over the aggregates, each as `{name}`, `as_of`, `arrived_at` and `known_since` (microseconds), and
            `median_<place in Target.prices>`.
        aggregates: By name.
    """

    name: str
    entity: str
    unit: str
    window: str
    dtype: pa.DataType
    missing: str
    say: Callable[[Value], str]
    value: str
    aggregates: Mapping[str, Aggregate] = field(default_factory=dict)

    def sentence(self, value: Value) -> str:
        """What sales reads of a value."""
        return self.missing if value is None else self.say(value)

    def under(self, name: str, times: float) -> "FeatureDefinition":
        """The same feature by another name, in a unit that is so many times smaller; people read the same sentence."""
        if times == 1:
            return replace(self, name=name)
        return replace(
            self,
            name=name,
            unit="",
            dtype=pa.float64(),
            say=lambda value: self.say(value / times if isinstance(value, int | float) else value),
            value=f"({self.value}) * {times!r}",
        )


Family = Callable[[Target, Dialect], Iterable[FeatureDefinition]]
_FAMILIES: dict[str, Family] = {}


def family(function: Family) -> Family:
    """Register a function that gives the features of one family for a target."""
    _FAMILIES[function.__module__] = function
    return function


@cache
def families() -> tuple[Family, ...]:
    """All families, found by file in `features/families`, in the order of their names."""
    package = importlib.import_module("leadwise.features.families")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return tuple(_FAMILIES[name] for name in sorted(_FAMILIES))


def of_events(**aggregates: str) -> dict[str, Aggregate]:
    """Aggregates over the events that were known.

    >>> of_events(last="max(occurred_at)")["last"].over
    <Known.EVENTS: 'events'>
    """
    return {name: Aggregate(Known.EVENTS, sql) for name, sql in aggregates.items()}


def of_changes(**aggregates: str) -> dict[str, Aggregate]:
    """Aggregates over the changes of fields that were known."""
    return {name: Aggregate(Known.CHANGES, sql) for name, sql in aggregates.items()}
