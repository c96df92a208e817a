"""A history from records in memory: of a simulation, or of what repositories list."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import pyarrow as pa

from leadwise.domain.history import EVENTS, LEADS, OUTCOMES, STATEMENTS, History, microseconds
from leadwise.domain.lead import Event, Fields, Lead, Outcome
from leadwise.domain.target import FIELD_CHANGED, Target

Record = TypeVar("Record", Lead, Event)
Numbered = Mapping[tuple[str, str], int]
"""The number of each lead by its (source, external_id)."""


def history_of(
    target: Target, leads: Iterable[Lead], events: Iterable[Event], outcomes: Iterable[Outcome] = ()
) -> History:
    """The history of these leads, which are numbered in order of arrival.

    The same record delivered twice is one: the version that was recorded first counts. What speaks of other leads is
    left aside, and so are outcomes of other targets.
    """
    arrived = sorted(_first_of_each(leads), key=lambda lead: (lead.occurred_at, lead.source, lead.external_id))
    number = {(lead.source, lead.external_id): place for place, lead in enumerate(arrived)}
    happened = sorted(
        _first_of_each(event for event in events if event.lead in number),
        key=lambda event: (event.occurred_at, event.recorded_at, event.source, event.external_id),
    )
    return History(
        _leads(arrived),
        _statements(arrived, [event for event in happened if event.kind == FIELD_CHANGED], number),
        _events(target, [event for event in happened if event.kind != FIELD_CHANGED], number),
        _outcomes([each for each in outcomes if each.target == target.name and each.lead in number], number),
    )


def _first_of_each(records: Iterable[Record]) -> Iterator[Record]:
    found: dict[tuple[str, str], Record] = {}
    # The content decides last, so that two versions with equal stamps never depend on the order of delivery.
    for record in sorted(records, key=lambda each: (each.recorded_at, each.occurred_at, _content(each))):
        found.setdefault((record.source, record.external_id), record)
    yield from found.values()


def _content(record: Lead | Event) -> str:
    kind = record.kind if isinstance(record, Event) else ""
    return kind + json.dumps(record.fields, sort_keys=True, default=str)


def _leads(leads: list[Lead]) -> pa.Table:
    return pa.table(
        [
            pa.array(range(len(leads)), pa.int64()),
            [lead.source for lead in leads],
            [lead.external_id for lead in leads],
            *_stamps(leads),
        ],
        schema=LEADS,
    )


def _stamps(records: list[Lead] | list[Event] | list[Outcome]) -> list[list[int]]:
    return [
        [microseconds(record.occurred_at) for record in records],
        [microseconds(record.recorded_at) for record in records],
    ]


def _statements(leads: list[Lead], changes: list[Event], number: Numbered) -> pa.Table:
    said: list[tuple[int, str, object, Lead | Event]] = [
        (place, field, value, lead) for place, lead in enumerate(leads) for field, value in lead.fields.items()
    ]
    said += [(number[event.lead], *_change(event.fields), event) for event in changes]
    texts = [text_of(value) for _, _, value, _ in said]
    return pa.table(
        [
            pa.array([lead for lead, _, _, _ in said], pa.int64()),
            [field for _, field, _, _ in said],
            texts,
            [number_of(text) for text in texts],
            *_stamps([record for _, _, _, record in said]),  # type: ignore[arg-type]
            pa.array(range(len(said)), pa.int64()),
        ],
        schema=STATEMENTS,
    )


def _change(fields: Fields) -> tuple[str, object]:
    return str(fields.get("field")), fields.get("value")


def text_of(value: object) -> str | None:
    """What a statement has as text of a value; None where it is not given.

    >>> text_of("CEO"), text_of(""), text_of(85), text_of(True)
    ('CEO', None, '85', 'true')
    """
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value, ensure_ascii=False, default=str)


def number_of(text: str | None) -> float | None:
    """The number that a text is; None where it is none.

    >>> number_of("12.50"), number_of("twelve"), number_of("1e999")
    (12.5, None, None)
    """
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _events(target: Target, events: list[Event], number: Numbered) -> pa.Table:
    table = pa.table(
        [
            pa.array([number[event.lead] for event in events], pa.int64()),
            [event.kind for event in events],
            *_stamps(events),
            pa.array(range(len(events)), pa.int64()),
        ],
        schema=EVENTS,
    )
    for name in target.numbers:
        amounts = [number_of(text_of(event.fields.get(name))) for event in events]
        table = table.append_column(name, pa.array(amounts, pa.float64()))
    return table


def _outcomes(outcomes: list[Outcome], number: Numbered) -> pa.Table:
    return pa.table(
        [
            pa.array([number[outcome.lead] for outcome in outcomes], pa.int64()),
            [outcome.won for outcome in outcomes],
            [outcome.value for outcome in outcomes],
            *_stamps(outcomes),
        ],
        schema=OUTCOMES,
    )
