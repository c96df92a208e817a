"""Columns of instants: as texts in ISO 8601 or a form of one's own, as typed values, or as seconds since 1970."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute

INSTANT = pa.timestamp("us", "UTC")
NAIVE = pa.timestamp("us")
EPOCH_UNITS = {"unix": "s", "unix_ms": "ms"}
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_ZONE = r"(\d:\d\d|[ T]\d\d).*([zZ]|[+-]\d{2}(:?\d{2})?)$"
_LONG_FRACTION = r"([.,]\d{6})\d+"
_EXAMPLE = "2026-01-05T09:30:00+01:00"


def read_stamps(name: str, column: Any, timezone: str | None, form: str | None) -> tuple[Any, Any]:
    """The instants (`timestamp[us, UTC]`), null where there is none, and then the reason in a sentence, else null.

    Args:
        name: What the column is called in reasons ("occurred_at").
        column: The values, as an Arrow array.
        timezone: The zone of values without one; None: they are refused.
        form: "unix", "unix_ms", or what strptime takes; None: ISO 8601.

    >>> read_stamps("occurred_at", pa.array(["2026-01-05T09:30:00+01:00"]), None, None)[0][0].as_py().isoformat()
    '2026-01-05T08:30:00+00:00'
    >>> read_stamps("occurred_at", pa.array(["2026-01-05 09:30"]), None, None)[1][0].as_py()
    'Its occurred_at "2026-01-05 09:30" has no time zone; say timezone = "Europe/Berlin" (or "UTC") in a mapping.'
    """
    zoned, naive = _parse(column, form)
    instants = zoned
    if timezone is not None:
        local = pc.assume_timezone(naive, timezone, ambiguous="earliest", nonexistent="earliest")
        instants = pc.coalesce(zoned, local.cast(INSTANT))
    usable = pc.fill_null(pc.and_(pc.greater_equal(instants, _FIRST), pc.less(instants, _LAST)), fill_value=False)
    if pc.all(usable).as_py():
        return instants, pa.nulls(len(column), pa.string())
    reasons = _reasons(name, column, naive, instants)
    return pc.if_else(usable, instants, pa.scalar(None, INSTANT)), reasons


_FIRST, _LAST = (pa.scalar(instant, INSTANT) for instant in (FIRST, LAST))


def _reasons(name: str, column: Any, naive: Any, instants: Any) -> Any:
    outside = pc.fill_null(pc.or_(pc.less(instants, _FIRST), pc.greater_equal(instants, _LAST)), fill_value=False)
    written = column.cast(pa.string())
    empty = pc.equal(pc.fill_null(written, ""), "")
    no_zone = pc.and_(pc.is_null(instants), pc.is_valid(naive))
    return pc.case_when(
        pc.make_struct(empty, no_zone, pc.is_null(instants), outside),
        pa.scalar(f"Its {name} is empty."),
        _quoting(name, written, ' has no time zone; say timezone = "Europe/Berlin" (or "UTC") in a mapping.'),
        _quoting(
            name, written, f' is no instant such as {_EXAMPLE}; say stamps = "%d.%m.%Y %H:%M" or so in a mapping.'
        ),
        _quoting(name, written, " lies outside the years 1900 to 2199."),
    )


def _quoting(name: str, written: Any, rest: str) -> Any:
    return pc.binary_join_element_wise(f'Its {name} "', written, f'"{rest}', "")


def _parse(column: Any, form: str | None) -> tuple[Any, Any]:
    """The instants of values with a zone, and the local times of those without; null for the others."""
    kind = column.type
    nothing, no_times = pa.nulls(len(column), INSTANT), pa.nulls(len(column), NAIVE)
    if pa.types.is_timestamp(kind):
        return (column.cast(INSTANT, safe=False), no_times) if kind.tz else (nothing, column.cast(NAIVE, safe=False))
    if pa.types.is_date(kind):
        return nothing, column.cast(NAIVE)
    if form in EPOCH_UNITS:
        return _since_1970(column, EPOCH_UNITS[form]), no_times
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return nothing, no_times
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return _in_iso(texts) if form is None else _in_form(texts, form)


def _since_1970(column: Any, unit: str) -> Any:
    scale = 1_000_000 if unit == "s" else 1_000
    written = pc.utf8_trim_whitespace(column.cast(pa.string()))
    plain = pc.match_substring_regex(written, r"^-?\d{1,12}(\.\d*)?$" if unit == "s" else r"^-?\d{1,15}(\.\d*)?$")
    numbers = pc.if_else(plain, written, pa.scalar(None, pa.string())).cast(pa.float64())
    return pc.round(pc.multiply(numbers, float(scale))).cast(pa.int64()).cast(NAIVE).cast(INSTANT)


def _in_iso(texts: Any) -> tuple[Any, Any]:
    with suppress(pa.ArrowInvalid):  # nearly always all have a zone, and this looks at each once
        return texts.cast(INSTANT), pa.nulls(len(texts), NAIVE)
    short = pc.replace_substring_regex(texts, _LONG_FRACTION, r"\1")
    has_zone = pc.match_substring_regex(short, _ZONE)
    none = pa.scalar(None, pa.string())
    zoned = _cast(pc.if_else(has_zone, short, none), INSTANT, _zoned)
    return zoned, _cast(pc.if_else(has_zone, none, short), NAIVE, _naive)


def _cast(texts: Any, kind: pa.DataType, read: Callable[[str], datetime | None]) -> Any:
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:  # one of them is none: each is looked at
        return pa.array([None if text is None else read(text) for text in texts.to_pylist()], kind)


def _zoned(text: str) -> datetime | None:
    found = _iso(text)
    return found.astimezone(UTC) if found and found.tzinfo and FIRST.year <= found.year < LAST.year else None


def _naive(text: str) -> datetime | None:
    found = _iso(text)
    return found if found and not found.tzinfo else None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _in_form(texts: Any, form: str) -> tuple[Any, Any]:
    if "%z" not in form and "%f" not in form:
        naive = pc.strptime(texts, format=form, unit="us", error_is_null=True)
        return pa.nulls(len(texts), INSTANT), naive
    read = [None if text is None else _formed(text, form) for text in texts.to_pylist()]
    zoned = [at.astimezone(UTC) if at and at.tzinfo else None for at in read]
    return pa.array(zoned, INSTANT), pa.array([at if at and not at.tzinfo else None for at in read], NAIVE)


def _formed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - a zone is asked for later
    except ValueError:
        return None
