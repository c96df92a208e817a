"""How a lead arrived: its fields as they are known, and when it came."""

from functools import partial

import pyarrow as pa

from leadwise.domain.target import FieldKind, LeadField, Target
from leadwise.features.history_columns import HistoryColumn, Value, fill, history_feature
from leadwise.features.history_view import History

_DTYPES: dict[FieldKind, pa.DataType] = {
    FieldKind.NUMBER: pa.float64(),
    FieldKind.TEXT: pa.string(),
    FieldKind.YES_NO: pa.bool_(),
}


def field_columns(target: Target) -> list[HistoryColumn]:
    """The latest known value of each field that may be learnt from."""
    return [_column(field) for field in target.fields if field.feature]


def _column(field: LeadField) -> HistoryColumn:
    return HistoryColumn(
        name=field.title,
        unit=field.unit,
        missing=field.missing,
        dtype=_DTYPES[field.kind],
        compute=partial(_value, field),
        say=partial(_say, field),
    )


def _value(field: LeadField, history: History) -> Value:
    """The field's value; None also for one of another kind: a price of "on request" is no number."""
    value = history.fields.get(field.name)
    if field.kind is FieldKind.YES_NO:
        return value if isinstance(value, bool) else None
    if field.kind is FieldKind.NUMBER:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return None if value is None else str(value)


def _say(field: LeadField, value: Value) -> str:
    sentence = field.sentence_no if value is False else field.sentence
    return fill(sentence or f"{field.title}: {{value}}", value)


@history_feature("Days since arrival", unit="days", sentence="Arrived {value} ago")
def days_since_arrival(history: History) -> float:
    """Age of the lead."""
    return history.hours_since(history.lead.occurred_at) / 24


@history_feature("Arrival hour", unit="hour of day", sentence="Wrote to us at {value} o'clock")
def arrival_hour(history: History) -> int:
    """Hour of the day, 0 to 23, in UTC."""
    return history.lead.occurred_at.hour


@history_feature("Arrival weekday", unit="", sentence="Wrote to us on a {value}")
def arrival_weekday(history: History) -> str:
    """Day of the week, in UTC."""
    return f"{history.lead.occurred_at:%A}"
