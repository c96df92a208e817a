"""What a lead's fields say on arrival, where a caller gives them: the same as `features.history` computes.

Nothing has happened yet and no field has changed, so all that there is to know is what each field says.
"""

from collections.abc import Mapping
from functools import lru_cache

import pyarrow as pa

from leadwise.domain.target import FieldKind, Target
from leadwise.features.aspects import Aspect, aspects
from leadwise.features.records import number_of, text_of
from leadwise.features.values import MICROSECONDS_PER_DAY, Value

REMEMBERED = 4096
"""Texts that need not be read again: job titles, domains, dates repeat."""
LONGEST = 10_000
"""Longer texts are read each time, so that nobody's letters fill the memory."""


def features_on_arrival(target: Target, fields: Mapping[str, object], as_of: int) -> dict[str, Value]:
    """The features of the fields that are given, by name as in `definitions(target)`.

    Args:
        target: Has the fields.
        fields: Values by field; those that are no field of the target's give nothing.
        as_of: When the lead arrived, in microseconds since 1970: what is days ago counts from there.

    >>> from leadwise.domain.target import LeadField
    >>> mail = LeadField(name="email", title="Email", kind=FieldKind.EMAIL, missing="")
    >>> size = LeadField(name="size", title="Size", kind=FieldKind.NUMBER, missing="")
    >>> target = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,),
    ...                 fields=(mail, size))
    >>> features_on_arrival(target, {"email": "ada@gmail.com", "size": "12", "car": "red"}, 0)
    {'Email: kind of address': 'free', 'Size': 12.0}
    """
    return {
        aspect.field.title + aspect.suffix: _feature(aspect, fields[aspect.field.name], as_of)
        for aspect in _aspects(target)
        if aspect.field.name in fields
    }


@lru_cache(maxsize=64)
def _aspects(target: Target) -> tuple[Aspect, ...]:
    return aspects(target)


def _feature(aspect: Aspect, value: object, as_of: int) -> Value:
    text = text_of(value)
    if text is None:
        return None
    found = _derived(aspect, text) if len(text) <= LONGEST else _derive(aspect, text)
    if found is None or isinstance(found, str):
        return found
    if aspect.field.kind is FieldKind.DATE:
        return (as_of - found) / MICROSECONDS_PER_DAY
    return found == 1 if pa.types.is_boolean(aspect.dtype) else found


def _derive(aspect: Aspect, text: str) -> str | float | None:
    """What a statement of this text says of the aspect."""
    if aspect.derive is None:
        return text if aspect.column == "text" else number_of(text)
    found: str | float | None = aspect.derive(pa.array([text], pa.string()))[0].as_py()
    return found


_derived = lru_cache(maxsize=REMEMBERED)(_derive)
