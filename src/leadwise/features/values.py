"""Values of features, and how people write them."""

from collections.abc import Callable

Value = float | int | str | bool | None
Say = Callable[[Value], str]

MICROSECONDS_PER_HOUR = 3_600_000_000
MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR

_HOURS_PER = {"hours": 1, "days": 24}


def saying(sentence: str, unit: str = "") -> Say:
    """What fills a sentence with values; hours and days as people say durations.

    >>> saying("Arrived {value} ago", "days")(0.25)
    'Arrived 6 hours ago'
    """

    def say(value: Value) -> str:
        if unit in _HOURS_PER and isinstance(value, int | float):
            return sentence.replace("{value}", in_words(value * _HOURS_PER[unit]))
        return fill(sentence, value)

    return say


def fill(sentence: str, value: Value) -> str:
    """A sentence with `{value}` replaced by the value as people write it.

    >>> fill("The vehicle costs {value} EUR", 18900.0), fill("We first replied after {value} hours", 2.25)
    ('The vehicle costs 18,900 EUR', 'We first replied after 2.2 hours')
    >>> fill("Events per day: {value}", 0.0356)
    'Events per day: 0.036'
    """
    return sentence.replace("{value}", _written(value))


def in_words(hours: float) -> str:
    """A duration as people say it; one below zero comes from clocks that disagree.

    >>> in_words(0.001), in_words(0.3), in_words(1), in_words(30), in_words(72), in_words(-2)
    ('less than a minute', '18 minutes', '1 hour', '30 hours', '3 days', 'minus 2 hours')
    """
    if round(hours * 60) == 0:
        return "less than a minute"
    if hours < 0:
        return f"minus {in_words(-hours)}"
    if hours < 1:
        return _counted(round(hours * 60), "minute")
    if hours < 48:  # noqa: PLR2004 - up to two days people count hours
        return _counted(round(hours), "hour")
    return _counted(round(hours / 24), "day")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and 0 < abs(value) < 0.1:  # noqa: PLR2004 - or else it would read 0.0
        return f"{value:.2g}"
    if isinstance(value, float) and abs(value) < 100 and not value.is_integer():  # noqa: PLR2004 - digits that matter
        return f"{value:.1f}"
    if isinstance(value, int | float):
        return f"{value:,.0f}"
    return str(value)
