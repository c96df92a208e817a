"""How old a lead is, and on which days and hours (UTC) it came and is looked at."""

from collections.abc import Iterable

import pyarrow as pa

from leadwise.domain.target import Target
from leadwise.features.definition import FeatureDefinition, family
from leadwise.features.engines import Dialect
from leadwise.features.sql import days, hours, whole_days
from leadwise.features.values import saying

WEEKDAYS = ("Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday")
"""From 1970-01-01 on."""


@family
def calendar(target: Target, _dialect: Dialect) -> Iterable[FeatureDefinition]:
    """Age, and weekday and hour of the arrival; those of the moment where a lead's age decides on it. Never null."""
    every = [
        ("Days since arrival", "days", "Arrived {value} ago", days("as_of - arrived_at")),
        ("Arrival hour", "hour of day", "Arrived at {value} o'clock", _hour("arrived_at")),
        ("Arrival weekday", "", "Arrived on a {value}", _weekday("arrived_at")),
    ]
    if target.calendar is None:  # else past moments are those at which periods end, and scoring is at any other
        every += [
            ("Hour of day", "hour of day", "It is {value} o'clock", _hour("as_of")),
            ("Weekday", "", "It is {value}", _weekday("as_of")),
        ]
    for name, unit, sentence, value in every:
        yield FeatureDefinition(
            name=name,
            entity=target.entity,
            unit=unit,
            window="",
            dtype=pa.float64() if unit else pa.string(),
            missing="",
            say=saying(sentence, unit),
            value=value,
        )


def _hour(instant: str) -> str:
    return f"floor({hours(instant)}) - 24e0 * floor({days(instant)})"


def _weekday(instant: str) -> str:
    names = " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(WEEKDAYS))
    return f"CASE (({whole_days(instant)} % 7) + 7) % 7 {names} END"
