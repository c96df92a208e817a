"""What was recorded of leads, as tables: the form in which it leaves the store and enters an engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from leadwise.domain.clock import in_utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

STAMPS: "list[pa.Field[Any]]" = [pa.field("occurred_at", pa.int64()), pa.field("recorded_at", pa.int64())]
"""Microseconds since 1970, UTC."""
POSITION: "pa.Field[Any]" = pa.field("position", pa.int64())
"""Orders what has the same stamps, by its content: never by the order of delivery."""
LEAD: "pa.Field[Any]" = pa.field("lead", pa.int64())

LEADS = pa.schema([LEAD, pa.field("source", pa.string()), pa.field("external_id", pa.string()), *STAMPS])
STATEMENTS = pa.schema(
    [
        LEAD,
        pa.field("field", pa.string()),
        pa.field("text", pa.string()),
        pa.field("number", pa.float64()),
        *STAMPS,
        POSITION,
    ]
)
"""What a lead's field was said to hold: null text means not given. Arrival fields are the first statements."""
EVENTS = pa.schema([LEAD, pa.field("kind", pa.string()), *STAMPS, POSITION])
"""Without the numbers of a target, each of which is one more float64 column under its name."""
OUTCOMES = pa.schema([LEAD, pa.field("won", pa.bool_()), pa.field("value", pa.float64()), *STAMPS])
MOMENTS = pa.schema([LEAD, pa.field("as_of", pa.int64())])
"""What features are computed for: leads, each as of an instant."""

PLACE: "pa.Field[Any]" = pa.field("place", pa.int64())
MEDIANS = pa.schema(
    [PLACE, pa.field("market", pa.string()), pa.field("median", pa.float64()), pa.field("prices", pa.int64())]
)
"""The median price of each market: `place` among the target's prices, the market by what its fields say, and of how
many prices; a null median where they are too few. Markets without a price are not there."""


@dataclass(frozen=True)
class History:
    """All that is on record of leads for one target, in tables of the schemas above; whenever it happened.

    `medians` are None where these are all leads, so that the markets of their prices follow from what they say. Of some
    leads, it has those of all markets as of the beginnings of some days (microseconds since 1970): tables of `MEDIANS`.
    """

    leads: pa.Table
    statements: pa.Table
    events: pa.Table
    outcomes: pa.Table
    medians: Mapping[int, pa.Table] | None = None


def microseconds(instant: datetime) -> int:
    """The instant as engines know it.

    >>> microseconds(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return (in_utc("instant", instant) - EPOCH) // timedelta(microseconds=1)


def instant_of(value: int) -> datetime:
    """The instant that `microseconds` gave.

    >>> instant_of(86_400_000_000).isoformat()
    '1970-01-02T00:00:00+00:00'
    """
    return EPOCH + timedelta(microseconds=value)
