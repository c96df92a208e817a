"""Phrases of SQL that families share; all engines understand them."""

from collections.abc import Iterable

from leadwise.features.engines import Dialect
from leadwise.features.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR

HOURS = f"{float(MICROSECONDS_PER_HOUR):.1e}".replace("+", "")
"""Divides microseconds into hours; written so that every engine reads a double."""
DAYS = f"{float(MICROSECONDS_PER_DAY):.2e}".replace("+", "")


def count_of(dialect: Dialect, *conditions: str) -> str:
    """How many rows meet all conditions."""
    given = _all(conditions)
    return dialect.count_if(given) if given else "count(1)"


def where(aggregate: str, column: str, *conditions: str) -> str:
    """An aggregate of a column over the rows that meet all conditions; null if there are none. An empty one is met.

    Faster than FILTER, which makes a table of each one's rows.

    >>> where("max", "occurred_at", "kind = 3", ""), where("max", "occurred_at")
    ('max(CASE WHEN kind = 3 THEN occurred_at END)', 'max(occurred_at)')
    """
    given = _all(conditions)
    return f"{aggregate}(CASE WHEN {given} THEN {column} END)" if given else f"{aggregate}({column})"


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(filter(None, conditions))


def within(days: int | None) -> str:
    """That something happened less than so many days ago; None: whenever, which is no condition.

    >>> within(7), within(None)
    ('age < 604800000000', '')
    """
    return "" if days is None else f"age < {days * MICROSECONDS_PER_DAY}"


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
