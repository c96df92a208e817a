"""How often each kind of event happened: ever, and in the last seven days."""

from functools import partial

import pyarrow as pa

from leadwise.domain.target import FIELD_CHANGED, EventKind, Target
from leadwise.features.history_columns import HistoryColumn, Value, fill
from leadwise.features.history_view import History

WEEK_HOURS = 7 * 24

CHANGES = EventKind(
    name=FIELD_CHANGED,
    title="Changed details",
    never="No detail has changed",
    once="One detail has changed",
    times="{value} details have changed",
)


def count_columns(target: Target) -> list[HistoryColumn]:
    """Two counts for each kind of event that the target names, and for changes of fields. Never None."""
    kinds = (*target.events, CHANGES)
    return [column for kind in kinds for column in (_ever(kind), _this_week(kind))]


def _ever(kind: EventKind) -> HistoryColumn:
    return HistoryColumn(
        name=kind.title,
        unit="events",
        missing="",
        dtype=pa.int64(),
        compute=partial(_count, kind.name),
        say=partial(_say, kind, ""),
    )


def _this_week(kind: EventKind) -> HistoryColumn:
    return HistoryColumn(
        name=f"{kind.title} in the last 7 days",
        unit="events",
        missing="",
        dtype=pa.int64(),
        compute=partial(_count_this_week, kind.name),
        say=partial(_say, kind, " in the last 7 days"),
    )


def _count(kind: str, history: History) -> int:
    return sum(event.kind == kind for event in history.events)


def _count_this_week(kind: str, history: History) -> int:
    return sum(event.kind == kind and history.hours_since(event.occurred_at) < WEEK_HOURS for event in history.events)


def _say(kind: EventKind, period: str, value: Value) -> str:
    sentence = kind.never if value == 0 else kind.once if value == 1 else kind.times
    return fill(sentence, value) + period
