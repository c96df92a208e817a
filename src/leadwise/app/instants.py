"""Instants that users name: a day, or an instant with its zone."""

from datetime import UTC, date, datetime

from leadwise.domain.clock import in_utc
from leadwise.domain.errors import Invalid

FIRST_YEAR, LAST_YEAR = 1900, 2500


class NotAnInstantError(Invalid):
    """A text says no instant, or none that can be worked with."""

    code = "not_an_instant"

    def __init__(self, option: str, text: str) -> None:
        self.option, self.text = option, text
        super().__init__(
            f"{option} must be a day or an instant with its zone, from {FIRST_YEAR} to {LAST_YEAR}, but came as "
            f"{text!r}; write 2026-01-15 or 2026-01-15T12:00:00+00:00."
        )


class InstantInFutureError(Invalid):
    """What is not over cannot be looked back at."""

    code = "instant_in_future"

    def __init__(self, option: str, instant: datetime) -> None:
        self.option, self.instant = option, instant
        super().__init__(
            f"{option} must be now or before, but {instant.isoformat()} is still to come, and nobody knows yet what "
            f"will have happened; name an earlier instant."
        )


def read_instant(option: str, text: str) -> datetime:
    """The instant that a user means by an option's text; a day begins at midnight, UTC.

    Raises:
        NotAnInstantError: if it is none, or out of the calendar's range.
        NaiveTimeError: if it has a time and no zone.

    >>> read_instant("--as-of", "2026-01-15").isoformat()
    '2026-01-15T00:00:00+00:00'
    >>> read_instant("--as-of", "yesterday")
    Traceback (most recent call last):
    leadwise.app.instants.NotAnInstantError: --as-of must be a day or an instant with its zone, from 1900 to 2500, ...
    """
    try:
        day = date.fromisoformat(text)
        found = datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        try:
            found = in_utc(option, datetime.fromisoformat(text))
        except (ValueError, OverflowError) as error:
            raise NotAnInstantError(option, text) from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise NotAnInstantError(option, text)
    return found


def read_past_instant(option: str, text: str, now: datetime) -> datetime:
    """What `read_instant` gives.

    Raises:
        InstantInFutureError: if it is after now.
        NotAnInstantError, NaiveTimeError: as they say.
    """
    found = read_instant(option, text)
    if found > now:
        raise InstantInFutureError(option, found)
    return found
