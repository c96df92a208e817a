"""Histories as disorderly as they come: late records, equal stamps, nothing said, odd texts."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from leadwise.domain.history import MOMENTS, History
from leadwise.domain.lead import Event, Lead
from leadwise.domain.target import FIELD_CHANGED, FieldKind, Target
from leadwise.features.records import history_of

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ODD = (None, "", "🚗 Kombi", "عرض 3", "'; DROP TABLE leads; --", "<b>x</b>", '"', "NULL", "a\nb", "\\", "é", "e\u0301")
GIVEN = {
    FieldKind.NUMBER: (1, 2.5, -7, 1e15, 0.1, "12"),
    FieldKind.YES_NO: (True, False, "yes", "0"),
    FieldKind.DATE: ("2026-02-03", "3.2.2026", "2026-02-03T04:05:06Z", "yesterday"),
    FieldKind.EMAIL: ("a@gmail.com", "b@firm.example", "c"),
    FieldKind.PHONE: ("+49 30 123456", "0043 1 5123456", "12"),
    FieldKind.JOB_TITLE: ("CEO", "Head of Sales", "Intern"),
    FieldKind.PHOTOS: ("3", "a.jpg b.jpg", "[]"),
    FieldKind.TEXT: ("web", "Web", "wéb"),
    FieldKind.LONG_TEXT: ("I would like to see it.", "🚗🚗", "x" * 900),
}


def random_history(target: Target, seed: int, leads: int = 60, events: int = 4000) -> History:
    """A history of leads, of which some are without events."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    arrived = [_lead(target, draw, place) for place in range(leads)]
    happened = [_event(target, draw, place, leads * 9 // 10) for place in range(events)]
    return history_of(target, arrived, happened)


def random_moments(history: History, seed: int, each: int = 4) -> pa.Table:
    """Several moments for each lead, in any order, none before it was known."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    rows = [
        (row["lead"], max(row["occurred_at"], row["recorded_at"]) + draw.choice((0, 1, 10**9, 10**11, 10**12, 10**13)))
        for row in history.leads.to_pylist()
        for _ in range(each)
    ]
    draw.shuffle(rows)
    return pa.table([[lead for lead, _ in rows], [at for _, at in rows]], schema=MOMENTS)


def _lead(target: Target, draw: random.Random, place: int) -> Lead:
    at = _instant(draw)
    fields = {field.name: _value(field.kind, draw) for field in target.fields if draw.random() < 0.7}
    if draw.random() < 0.5:
        fields |= {name: "web" for price in target.prices for name in price.market}
    return Lead("crm", _name(place), at, at + _delay(draw), fields)


def _event(target: Target, draw: random.Random, place: int, leads: int) -> Event:
    at, kind = _instant(draw), draw.choice([*(kind.name for kind in target.events), "unheard of", FIELD_CHANGED])
    lead = ("crm", _name(draw.randrange(leads)))
    return Event("crm", str(place), lead, kind, at, at + _delay(draw), dict(_particulars(target, kind, draw)))


def _name(place: int) -> str:
    return f"{place} {ODD[1 + place % (len(ODD) - 1)]}"


def _particulars(target: Target, kind: str, draw: random.Random) -> Iterator[tuple[str, object]]:
    if kind == FIELD_CHANGED:
        field = draw.choice([*target.fields])
        yield from (("field", field.name), ("value", _value(field.kind, draw)))
        return
    for name in target.numbers:
        if draw.random() < 0.8:
            yield name, draw.choice((0, -3, 19.99, 1234.56, 1e9, None))


def _instant(draw: random.Random) -> datetime:
    """Whole hours of few days, so that equal stamps happen often; now and then years before."""
    return START + timedelta(hours=draw.randint(0, 400) - (50_000 if draw.random() < 0.02 else 0))


def _delay(draw: random.Random) -> timedelta:
    return timedelta(hours=draw.choice((0, 0, 0, 1, 5, 300)))


def _value(kind: FieldKind, draw: random.Random) -> object:
    return draw.choice(GIVEN[kind] if draw.random() < 0.7 else ODD)
