"""A lead's fields by their kinds: files say everything in texts, other systems do not."""

import math
from collections.abc import Mapping

from leadwise.domain.lead import Fields
from leadwise.domain.target import FieldKind, Target
from leadwise.features.aspects import YES_NO


def typed_fields(target: Target, fields: Mapping[str, object]) -> Fields:
    """The fields in the order of the target: numbers as numbers, yes and no as truth values, the rest as it was said.

    A field of which nothing was said is null. What is not of its kind stays as it was said.

    >>> from leadwise.blueprints.blueprint import load_blueprint
    >>> found = typed_fields(load_blueprint("real-estate-seller").target, {"gain": "125", "listed_before": "No"})
    >>> found["gain"], found["listed_before"], found["address"]
    (125.0, False, None)
    """
    return {field.name: _typed(field.kind, fields.get(field.name)) for field in target.fields}


def _typed(kind: FieldKind, said: object) -> object:
    if not isinstance(said, str):
        return said
    if kind is FieldKind.NUMBER:
        number = number_of(said)
        return said if number is None else number
    if kind is FieldKind.YES_NO:
        yes = YES_NO.get(said.strip().lower())
        return said if yes is None else bool(yes)
    return said


def number_of(said: object) -> float | None:
    """The number that a field holds; None where it holds none.

    >>> number_of(3), number_of("12.5"), number_of("about 12"), number_of(True), number_of("inf")
    (3.0, 12.5, None, None, None)
    """
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        number = float(said)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
