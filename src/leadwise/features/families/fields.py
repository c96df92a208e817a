"""What a lead's fields say, as they were last known."""

from collections.abc import Iterable, Iterator
from functools import partial

import pyarrow as pa

from leadwise.domain.target import FieldKind, LeadField, Target
from leadwise.features.aspects import Aspect, aspects
from leadwise.features.definition import Aggregate, FeatureDefinition, Known, family, of_changes
from leadwise.features.engines import Dialect
from leadwise.features.sql import count_of, days, where
from leadwise.features.values import Value, fill, in_words, saying

_SENTENCES = {
    ": kind of address": "{title} is {value}",
    ": valid": "{title} is a valid number",
    ": country": "{title} is of {value}",
    ": seniority": "{title} speaks of this level: {value}",
    ": length": "{title} is {value} characters long",
    ": number": "{title}: {value} of them",
}


@family
def fields(target: Target, dialect: Dialect) -> Iterable[FeatureDefinition]:
    """The latest known value of each field that may be learnt from, and how often each was changed."""
    for place, aspect in enumerate(aspects(target)):
        latest = where("max", aspect.column, f"aspect = {place}")
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
    for place, field in enumerate(target.fields):
        if field.feature:
            yield from _changes(target, dialect, field, f"field = {place}")


def _changes(target: Target, dialect: Dialect, field: LeadField, condition: str) -> Iterator[FeatureDefinition]:
    """How often a field was changed after the arrival, and when last."""
    yield FeatureDefinition(
        name=f"{field.title}: changes",
        entity=target.entity,
        unit="changes",
        window="",
        dtype=pa.int64(),
        missing="",
        say=saying(f"{field.title}: changed {{value}} times"),
        value="coalesce({count}, 0)",
        aggregates=of_changes(count=count_of(dialect, condition)),
    )
    yield FeatureDefinition(
        name=f"{field.title}: days since the last change",
        entity=target.entity,
        unit="days",
        window="",
        dtype=pa.float64(),
        missing=f"{field.title}: never changed",
        say=saying(f"{field.title}: last changed {{value}} ago", "days"),
        value=days("as_of - {last}"),
        aggregates=of_changes(last=where("max", "occurred_at", condition)),
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
