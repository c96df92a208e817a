"""Features of leads as of an instant, computed from their histories by one code for training and scoring.

Nothing that happened or became known after `as_of` can change a value: features see a history only through
`Timeline.as_of`, which applies `domain.clock.visible`.
"""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

import pyarrow as pa

import leadwise.features.history_contact  # noqa: F401 - importing it registers its features
from leadwise.domain.errors import Missing
from leadwise.domain.target import Target
from leadwise.features.history_arrival import field_columns
from leadwise.features.history_columns import REGISTERED, HistoryColumn, Value
from leadwise.features.history_counts import count_columns
from leadwise.features.history_view import LeadNotKnownYetError, Timeline, timelines

__all__ = [
    "HistoryColumn",
    "HistoryColumnNotFoundError",
    "LeadNotKnownYetError",
    "Timeline",
    "Value",
    "describe",
    "history_columns",
    "history_row",
    "history_table",
    "timelines",
]


class HistoryColumnNotFoundError(Missing):
    """A column was asked for that is no feature of the target's leads."""

    code = "history_column_not_found"

    def __init__(self, name: str, names: Iterable[str]) -> None:
        self.name = name
        near = get_close_matches(name, list(names), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"There is no feature {name!r}.{hint}")


def history_columns(target: Target) -> tuple[HistoryColumn, ...]:
    """All features of a target's leads, in the order of the table: fields, counts, then those of every target."""
    return (*field_columns(target), *count_columns(target), *REGISTERED)


def history_row(timeline: Timeline, as_of: datetime) -> dict[str, Value]:
    """One lead's features as of an instant, by column name.

    Raises:
        LeadNotKnownYetError: if the lead was not known then.
    """
    history = timeline.as_of(as_of)
    return {column.name: column.compute(history) for column in history_columns(timeline.target)}


def history_table(target: Target, instants: Iterable[tuple[Timeline, datetime]]) -> pa.Table:
    """The features of many leads, each as of its own instant: one row per pair, in the order given.

    Raises:
        LeadNotKnownYetError: if a lead was not known at its instant.
    """
    columns = history_columns(target)
    values: list[list[Value]] = [[] for _ in columns]
    for timeline, as_of in instants:
        history = timeline.as_of(as_of)
        for column, given in zip(columns, values, strict=True):
            given.append(column.compute(history))
    arrays = [pa.array(given, column.dtype) for column, given in zip(columns, values, strict=True)]
    return pa.table(arrays, names=[column.name for column in columns])


def describe(target: Target, column: str, value: Value) -> str:
    """What sales reads of a feature's value.

    Raises:
        HistoryColumnNotFoundError: if the target's leads have no such feature.

    >>> from leadwise.domain.target import EventKind
    >>> kind = EventKind(name="reply", title="Replies", never="Silent", once="Wrote once", times="Wrote {value} times")
    >>> target = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,),
    ...                 events=(kind,))
    >>> describe(target, "Replies in the last 7 days", 3), describe(target, "Hours to our first reply", None)
    ('Wrote 3 times in the last 7 days', 'We have not replied yet')
    >>> describe(target, "Reply", 3)
    Traceback (most recent call last):
    leadwise.features.history.HistoryColumnNotFoundError: There is no feature 'Reply'. Did you mean 'Replies'?
    """
    columns = {each.name: each for each in history_columns(target)}
    if column not in columns:
        raise HistoryColumnNotFoundError(column, columns)
    return columns[column].sentence(value)
