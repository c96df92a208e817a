"""What a lead's fields say, as they were last known."""

from collections.abc import Iterable
from functools import partial

import pyarrow as pa

from leadwise.domain.target import FieldKind, Target
from leadwise.features.aspects import Aspect, aspects
from leadwise.features.definition import Aggregate, FeatureDefinition, Known, family
from leadwise.features.engines import Dialect
from leadwise.features.sql import days
from leadwise.features.values import Value, fill, in_words

_ORDER = ("occurred_at", "recorded_at", "position")

_SENTENCES = {
    ": kind of address": "{title} is {value}",
    ": valid": "{title} is a valid number",
    ": country": "{title} is of {value}",
    ": seniority": "{title} speaks of this level: {value}",
    ": length": "{title} is {value} characters long",
}


@family
def fields(target: Target, dialect: Dialect) -> Iterable[FeatureDefinition]:
    """The latest known value of each field that may be learnt from."""
    for place, aspect in enumerate(aspects(target)):
        latest = dialect.latest(aspect.column, f"aspect = {place}", _ORDER)
        yield FeatureDefinition(
            name=aspect.field.title + aspect.suffix,
            entity=target.entity,
            unit=_unit(aspect),
            window="",
            dtype=aspect.dtype,
            missing=aspect.field.missing,
            say=partial(_say, aspect),
            value=_value(aspect),
            aggregates={"latest": Aggregate(Known.STATEMENTS, latest)},
        )


def _value(aspect: Aspect) -> str:
    if aspect.field.kind is FieldKind.DATE:
        return days("as_of - {latest}")
    return "{latest} = 1" if pa.types.is_boolean(aspect.dtype) else "{latest}"


def _unit(aspect: Aspect) -> str:
    units = {FieldKind.DATE: "days", FieldKind.LONG_TEXT: "characters"}
    return units.get(aspect.field.kind, aspect.field.unit)


def _say(aspect: Aspect, value: Value) -> str:
    field = aspect.field
    if field.kind is FieldKind.DATE and isinstance(value, int | float):
        return (
            f"{field.title}: {in_words(value * 24)} ago" if value >= 0 else f"{field.title}: in {in_words(-value * 24)}"
        )
    if value is False:
        return fill(field.sentence_no or _no(aspect), value)
    # A field's own sentence speaks of its value, not of what was made of it.
    own = field.sentence if aspect.suffix == "" else ""
    return fill(own or _SENTENCES.get(aspect.suffix, "{title}: {value}").replace("{title}", field.title), value)


def _no(aspect: Aspect) -> str:
    return f"{aspect.field.title} is no valid number" if aspect.suffix else f"{aspect.field.title}: {{value}}"
