"""Phrases of SQL that families share; all engines understand them."""

from collections.abc import Iterable

from leadwise.features.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR

HOURS = f"{float(MICROSECONDS_PER_HOUR):.1e}".replace("+", "")
"""Divides microseconds into hours; written so that every engine reads a double."""
DAYS = f"{float(MICROSECONDS_PER_DAY):.2e}".replace("+", "")


def count_of(condition: str) -> str:
    """How many rows meet a condition. Faster than FILTER, which makes a table of each one's rows.

    >>> count_of("kind = 3")
    'count(CASE WHEN kind = 3 THEN 1 END)'
    """
    return f"count(CASE WHEN {condition} THEN 1 END)"


def where(aggregate: str, column: str, condition: str) -> str:
    """An aggregate of a column over the rows that meet a condition; null if there are none.

    >>> where("max", "occurred_at", "kind = 3")
    'max(CASE WHEN kind = 3 THEN occurred_at END)'
    """
    return f"{aggregate}(CASE WHEN {condition} THEN {column} END)"


def within(days: int) -> str:
    """That something happened less than so many days ago.

    >>> within(7)
    'age < 604800000000'
    """
    return f"age < {days * MICROSECONDS_PER_DAY}"


def is_any(column: str, places: Iterable[int]) -> str:
    """That a column is one of these numbers; never, if there are none.

    >>> is_any("kind", [2, 0]), is_any("kind", [2]), is_any("kind", [])
    ('kind IN (0, 2)', 'kind = 2', '1 = 0')
    """
    listed = [str(place) for place in sorted(places)]
    if len(listed) == 1:
        return f"{column} = {listed[0]}"
    return f"{column} IN ({', '.join(listed)})" if listed else "1 = 0"


def hours(microseconds: str) -> str:
    """A number of microseconds as hours."""
    return f"({microseconds}) / {HOURS}"


def days(microseconds: str) -> str:
    """A number of microseconds as days."""
    return f"({microseconds}) / {DAYS}"


def whole_days(microseconds: str) -> str:
    """Days begun since 1970 in UTC, or the whole days of a duration; downwards also below zero."""
    return f"CAST(floor({days(microseconds)}) AS BIGINT)"
