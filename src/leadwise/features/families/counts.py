"""How often each kind of event happened: ever, and lately."""

from collections.abc import Iterable, Iterator
from functools import partial

import pyarrow as pa

from leadwise.domain.target import FIELD_CHANGED, EventKind, Target
from leadwise.features.definition import Aggregate, FeatureDefinition, Known, family
from leadwise.features.engines import Dialect
from leadwise.features.sql import count_of, days, where, within
from leadwise.features.values import Value, fill, saying

WINDOWS = {
    "": None,
    "24 hours": 1,
    "7 days": 7,
    "30 days": 30,
}
"""What people call a window, and its days; empty: ever."""

CHANGES = EventKind(
    name=FIELD_CHANGED,
    title="Changed details",
    never="No detail has changed",
    once="One detail has changed",
    times="{value} details have changed",
)


@family
def counts(target: Target, _dialect: Dialect) -> Iterable[FeatureDefinition]:
    """Counts of each kind over windows, and days since its first and last; the same of changed fields."""
    for place, kind in enumerate(target.events):
        yield from _counts(target, kind, Known.EVENTS, f"kind = {place}")
        yield from _times(target, kind, Known.EVENTS, f"kind = {place}")
    yield from _counts(target, CHANGES, Known.CHANGES, "1 = 1")
    yield from _times(target, CHANGES, Known.CHANGES, "1 = 1")


def _counts(target: Target, kind: EventKind, over: Known, condition: str) -> Iterator[FeatureDefinition]:
    for window, window_days in WINDOWS.items():
        lately = "" if window_days is None else f" AND {within(window_days)}"
        period = f" in the last {window}" if window else ""
        yield FeatureDefinition(
            name=kind.title + period,
            entity=target.entity,
            unit="events",
            window=window,
            dtype=pa.int64(),
            missing="",
            say=partial(_say, kind, period),
            value="coalesce({count}, 0)",
            aggregates={"count": Aggregate(over, count_of(condition + lately))},
        )


def _times(target: Target, kind: EventKind, over: Known, condition: str) -> Iterator[FeatureDefinition]:
    for which, aggregate in (("first", "min"), ("last", "max")):
        yield FeatureDefinition(
            name=f"{kind.title}: days since the {which}",
            entity=target.entity,
            unit="days",
            window="",
            dtype=pa.float64(),
            missing=kind.never,
            say=saying(f"{kind.title}: the {which} was {{value}} ago", "days"),
            value=days("as_of - {at}"),
            aggregates={"at": Aggregate(over, where(aggregate, "occurred_at", condition))},
        )


def _say(kind: EventKind, period: str, value: Value) -> str:
    sentence = kind.never if value == 0 else kind.once if value == 1 else kind.times
    return fill(sentence, value) + period
