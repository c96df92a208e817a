"""What can be learnt of a field's text: each aspect is made once for each distinct text, before any engine sees it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from leadwise.domain.history import microseconds
from leadwise.domain.target import FieldKind, LeadField, Target
from leadwise.features.dates import parse_dates
from leadwise.features.email_domains import kind_of_address
from leadwise.features.job_titles import seniority
from leadwise.features.phone_numbers import country_of, is_valid
from leadwise.features.texts import Texts, Values
from leadwise.features.values import MICROSECONDS_PER_DAY

Derive = Callable[[Texts], Values]
"""From distinct texts to what they say, null where they say nothing."""

YES_NO = {"true": 1.0, "yes": 1.0, "1": 1.0, "false": 0.0, "no": 0.0, "0": 0.0}
"""How yes and no are written, in small letters."""
_BETWEEN = re.compile(r"[\s,;|\[\]\"']+")
_POINTED = re.compile(r"\d{1,2}\.\d{1,2}\.")


@dataclass(frozen=True)
class Aspect:
    """One thing that a field says.

    Args:
        field: The field.
        suffix: What its feature's name has after the field's title.
        dtype: How its feature is held.
        column: Where a statement has it: "text" or "number".
        derive: How it is made of the text; None: it is the statement's text or number itself.
    """

    field: LeadField
    suffix: str
    dtype: pa.DataType
    column: str
    derive: Derive | None = None


def aspects(target: Target) -> tuple[Aspect, ...]:
    """All aspects of the fields that may be learnt from, in the order of the fields."""
    return tuple(aspect for field in target.fields if field.feature for aspect in _aspects(field))


def _aspects(field: LeadField) -> Iterator[Aspect]:
    match field.kind:
        case FieldKind.NUMBER:
            yield Aspect(field, "", pa.float64(), "number")
        case FieldKind.TEXT:
            yield Aspect(field, "", pa.string(), "text")
        case FieldKind.YES_NO:
            yield Aspect(field, "", pa.bool_(), "number", _yes_or_no)
        case FieldKind.DATE:
            yield Aspect(field, ": days ago", pa.float64(), "number", _instants)
        case FieldKind.LONG_TEXT:
            yield Aspect(field, ": length", pa.float64(), "number", _lengths)
        case FieldKind.EMAIL:
            yield Aspect(field, ": kind of address", pa.string(), "text", _each(kind_of_address, pa.string()))
        case FieldKind.PHONE:
            yield Aspect(field, ": valid", pa.bool_(), "number", _each(is_valid, pa.float64()))
            yield Aspect(field, ": country", pa.string(), "text", _each(country_of, pa.string()))
        case FieldKind.JOB_TITLE:
            yield Aspect(field, ": seniority", pa.string(), "text", _each(seniority, pa.string()))
        case FieldKind.PHOTOS:
            yield Aspect(field, ": any", pa.bool_(), "number", _each(_has_pictures, pa.float64()))
            yield Aspect(field, ": number", pa.float64(), "number", _each(_pictures, pa.float64()))


def _each(read: Callable[[str], object], dtype: pa.DataType) -> Derive:
    return lambda texts: pa.array([read(str(text)) for text in texts], dtype)


def _pictures(text: str) -> float:
    """How many: the number itself, or as many as addresses stand between commas, semicolons and spaces.

    >>> _pictures("12"), _pictures('["a.jpg", "b.jpg"]'), _pictures("a.jpg, b.jpg"), _pictures("[]")
    (12.0, 2.0, 2.0, 0.0)
    """
    number = text.strip()
    return float(number) if number.isdecimal() else float(len([each for each in _BETWEEN.split(number) if each]))


def _has_pictures(text: str) -> float:
    return float(_pictures(text) > 0)


def _yes_or_no(texts: Texts) -> Values:
    return pa.array([YES_NO.get(str(text).strip().lower()) for text in texts], pa.float64())


def _lengths(texts: Texts) -> Values:
    return pa.array([len(str(text)) for text in texts], pa.float64())


def _instants(texts: Texts) -> Values:
    """Microseconds since 1970. Each text is read by itself, so that later ones never change what earlier ones mean."""
    found = [_iso_instant(str(text).strip()) for text in texts]
    other = [place for place, instant in enumerate(found) if instant is None]
    for place, instant in zip(other, _written_instants([str(texts[place]) for place in other]), strict=True):
        found[place] = instant
    return pa.array(found, pa.float64())


def _iso_instant(text: str) -> float | None:
    """What most systems write; one without a zone is in UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return float(microseconds(instant if instant.tzinfo else instant.replace(tzinfo=UTC)))


def _written_instants(texts: list[str]) -> list[float | None]:
    """What people write; where day and month are open, points mean that the day comes first."""
    if not texts:
        return []
    plain = pa.array([text.strip().lower() for text in texts], pa.string())
    month_first, day_first = parse_dates(plain, day_first=False), parse_dates(plain, day_first=True)
    pointed = np.array([bool(_POINTED.match(text.strip())) for text in texts], dtype=np.bool_)
    read_days = np.where(np.isnan(month_first) | (pointed & ~np.isnan(day_first)), day_first, month_first)
    return [None if np.isnan(day) else float(np.round(day * MICROSECONDS_PER_DAY)) for day in read_days]
