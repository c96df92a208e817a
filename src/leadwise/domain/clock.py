"""The three names of time, and the rule of what is visible when.

`occurred_at`: when it happened in the world. `recorded_at`: when we learned of it. `as_of`: the instant for which
something is computed.
"""

from datetime import UTC, datetime

from leadwise.domain.errors import Invalid


class NaiveTimeError(Invalid):
    """An instant came without its zone."""

    code = "naive_time"

    def __init__(self, name: str, value: datetime) -> None:
        self.name, self.value = name, value
        super().__init__(
            f"{name} must say its time zone, but came as {value.isoformat()}; "
            f"write {value.isoformat()}+00:00 if it is in UTC."
        )


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def in_utc(name: str, value: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        NaiveTimeError: if it has no zone.

    >>> in_utc("as_of", datetime(2026, 1, 2))
    Traceback (most recent call last):
    leadwise.domain.clock.NaiveTimeError: as_of must say its time zone, but came as 2026-01-02T00:00:00; write ...
    """
    if value.tzinfo is None:
        raise NaiveTimeError(name, value)
    return value.astimezone(UTC)


def visible(occurred_at: datetime, recorded_at: datetime, as_of: datetime) -> bool:
    """Whether a fact may be used for something computed as of that instant: it had happened, and we knew.

    >>> noon, later = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    >>> visible(noon, noon, noon), visible(noon, later, noon)
    (True, False)
    """
    return occurred_at <= as_of and recorded_at <= as_of
