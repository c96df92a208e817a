"""Words and numbers as a printed document shows them."""

import re
from datetime import UTC, datetime

LONGEST_WORD = 24
UNKNOWN = "\N{EN DASH}"
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]+")
"""What shows nothing itself, but commands what stands around it."""
_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD}}}(?=\S)")


def shown(text: object, longest: int = 80) -> str:
    r"""A stranger's text, fit for a cell: on one line, not too long, and with places where long words may be broken.

    >>> shown("Maple\n\tDrive\u202e 2"), shown("abc def", 5), len(shown("x" * 30))
    ('Maple Drive 2', 'abc …', 31)
    """
    one_line = " ".join(_UNSEEN.sub(" ", str(text)).split())
    short = one_line if len(one_line) <= longest else f"{one_line[: longest - 1]}…"
    return _LONG_WORD.sub(lambda word: f"{word[0]}\u200b", short)


def percent(share: float | None) -> str:
    """Whole percent.

    >>> percent(0.674), percent(0.0004), percent(0.0)
    ('67%', 'under 1%', '0%')
    """
    if share is None:
        return UNKNOWN
    whole = round(100 * share)
    return "under 1%" if not whole and share > 0 else f"{whole}%"


def instant(at: datetime) -> str:
    """The minute.

    >>> instant(datetime(2026, 1, 31, 8, 5, tzinfo=UTC))
    '31 January 2026, 08:05 UTC'
    """
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"
