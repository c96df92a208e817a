"""How often each kind of event happened: ever, and lately."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pyarrow as pa

from leadwise.domain.target import FIELD_CHANGED, EventKind, Target
from leadwise.features.definition import Aggregate, FeatureDefinition, family, of_changes, of_events
from leadwise.features.engines import Dialect
from leadwise.features.sql import count_of, days, is_any, where, within
from leadwise.features.values import Value, fill, saying

WINDOWS = {
    "": None,
    "24 hours": 1,
    "7 days": 7,
    "30 days": 30,
}
"""What people call a window, and its days; empty: ever."""

Of = Callable[..., dict[str, Aggregate]]
"""`of_events` or `of_changes`."""

CHANGES = EventKind(
    name=FIELD_CHANGED,
    title="Changed details",
    never="No detail has changed",
    once="One detail has changed",
    times="{value} details have changed",
)


@family
def counts(target: Target, dialect: Dialect) -> Iterable[FeatureDefinition]:
    """Counts of each kind over windows, and days since its first and last; the same of changed fields."""
    for place, kind in enumerate(target.events):
        own = is_any("kind", [place])
        yield from _counts(target, dialect, kind, of_events, own)
        yield from _times(target, kind, of_events, own)
    yield from _counts(target, dialect, CHANGES, of_changes)
    yield from _times(target, CHANGES, of_changes)


def _counts(target: Target, dialect: Dialect, kind: EventKind, of: Of, own: str = "") -> Iterator[FeatureDefinition]:
    for window, window_days in WINDOWS.items():
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
            aggregates=of(count=count_of(dialect, own, within(window_days))),
        )


def _times(target: Target, kind: EventKind, of: Of, own: str = "") -> Iterator[FeatureDefinition]:
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
            aggregates=of(at=where(aggregate, "occurred_at", own)),
        )


def _say(kind: EventKind, period: str, value: Value) -> str:
    sentence = kind.never if value == 0 else kind.once if value == 1 else kind.times
    return fill(sentence, value) + period
