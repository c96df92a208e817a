# ruff: noqa: RUF002 - the examples show the real dash, minus and multiplication sign
"""Numbers as people say them: whole percents, counts of ten, signed contributions, dates.

Every page takes its wording of numbers from here, so that the same number reads the same everywhere.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

DASH = "\N{EN DASH}"
"""Stands where there is no number."""
MINUS = "\N{MINUS SIGN}"
_LARGE = 100
_SMALL = 0.0005


def percent(share: float | None) -> str:
    """A share as whole percent; never a rounded 0% or 100% where there is a rest.

    >>> percent(0.621), percent(0.0), percent(0.004), percent(0.998), percent(1.0), percent(None)
    ('62%', '0%', '<1%', '>99%', '100%', '–')
    """
    if share is None:
        return DASH
    if 0 < share < 0.005:  # noqa: PLR2004 - half a percent
        return "<1%"
    if 0.995 <= share < 1:  # noqa: PLR2004 - half a percent from all
        return ">99%"
    return f"{share:.0%}"


def about(share: float | None) -> str:
    """A share as a count that people can picture: of 10 where that is fine enough, of 100 otherwise.

    >>> about(0.62), about(0.031), about(0.97)
    ('about 6 of 10', 'about 3 of 100', 'about 97 of 100')
    >>> about(0.001), about(0.0), about(0.999), about(None)
    ('fewer than 1 of 100', 'none', 'nearly all', '–')
    """
    if share is None:
        return DASH
    if share <= 0:
        return "none"
    for below, words in ((0.005, "fewer than 1 of 100"), (0.095, ""), (0.945, "ten"), (0.995, "")):
        if share < below:
            return words if words not in {"", "ten"} else _of(share, 10 if words else 100)
    return "nearly all"


def _of(share: float, whole: int) -> str:
    return f"about {share * whole:.0f} of {whole}"


def of_ten(share: float | None) -> int:
    """How many of ten, rounded: for a row of ten dots.

    >>> of_ten(0.62), of_ten(0.04), of_ten(None)
    (6, 0, 0)
    """
    return round(10 * min(max(share or 0.0, 0.0), 1.0))


def count(number: int, noun: str, plural: str = "") -> str:
    """A count with its noun.

    >>> count(1, "lead"), count(1532, "lead"), count(0, "lead"), count(2, "query", "queries")
    ('1 lead', '1,532 leads', '0 leads', '2 queries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def number(value: float | None) -> str:
    """A measured number: three decimals when small, whole when large.

    >>> number(0.39114), number(12.3456), number(15320.4), number(-2.5), number(None), number(float("nan"))
    ('0.391', '12.35', '15,320', '−2.500', '–', '–')
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN is the one number that differs from itself
        return DASH
    size = abs(value)
    decimals = 0 if size >= _LARGE else 2 if size >= 10 else 3  # noqa: PLR2004
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def between(interval: tuple[float, float] | None) -> str:
    """An interval as two numbers.

    >>> between((0.3801, 0.4023)), between(None)
    ('0.380 to 0.402', '–')
    """
    return DASH if interval is None else f"{number(interval[0])} to {number(interval[1])}"


def signed(value: float) -> str:
    """A contribution with its sign, so that columns of them line up.

    >>> signed(0.4234), signed(-1.2), signed(0.0001), signed(-1234.0)
    ('+0.42', '−1.20', '0.00', '−1,234')
    """
    if abs(value) < _SMALL:
        return "0.00"
    return f"{value:+,.{0 if abs(value) >= _LARGE else 2}f}".replace("-", MINUS)


def times(value: float) -> str:
    r"""A multiple.

    >>> times(2.512), times(1)
    ('2.5\xa0×', '1.0\xa0×')
    """
    return f"{value:.1f}\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}"


def listed(items: Sequence[str]) -> str:
    """Items as a sentence part.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"]), listed([])
    ('a', 'a and b', 'a, b and c', '')
    """
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def day(instant: datetime, *, short: bool = False) -> str:
    """A date without doubt about day and month, in UTC.

    >>> noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    >>> day(noon), day(noon, short=True)
    ('4 March 2026', '4 Mar 2026')
    """
    universal = instant.astimezone(UTC)
    return f"{universal.day} {universal:{'%b %Y' if short else '%B %Y'}}"


def minute(instant: datetime) -> str:
    """A date and a time in UTC.

    >>> minute(datetime(2026, 3, 4, 9, 5, tzinfo=UTC))
    '4 March 2026, 09:05 UTC'
    """
    universal = instant.astimezone(UTC)
    return f"{day(universal)}, {universal:%H:%M} UTC"


def duration(seconds: float) -> str:
    """A length of time in the unit that fits.

    >>> duration(0.04), duration(12.4), duration(200)
    ('0.04 s', '12 s', '3 min 20 s')
    """
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
