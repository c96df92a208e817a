"""The ends of days, weeks, months, quarters and years, in UTC."""

from datetime import datetime, timedelta

import numpy as np

from leadwise.domain.history import instant_of, microseconds
from leadwise.domain.target import Calendar
from leadwise.training.stamps import Whole

_MONTHS = {Calendar.MONTH: 1, Calendar.QUARTER: 3, Calendar.YEAR: 12}


def period_ends(calendar: Calendar, first: int, last: int) -> Whole:
    """The first instants of the periods that begin from `first` to `last`, all in microseconds since 1970.

    A period has ended when the next one begins. Weeks begin on Mondays.

    >>> ends = period_ends(Calendar.QUARTER, 0, 300 * 86_400_000_000)
    >>> [f"{instant_of(int(end)):%Y-%m-%d}" for end in ends]
    ['1970-01-01', '1970-04-01', '1970-07-01', '1970-10-01']
    """
    ends: list[int] = []
    end = _begin(calendar, instant_of(first))
    while microseconds(end) <= last:
        if microseconds(end) >= first:
            ends.append(microseconds(end))
        end = _next(calendar, end)
    return np.array(ends, dtype=np.int64)


def _begin(calendar: Calendar, instant: datetime) -> datetime:
    """When the period began in which an instant is."""
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    if calendar is Calendar.DAY:
        return day
    if calendar is Calendar.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(month=(day.month - 1) // _MONTHS[calendar] * _MONTHS[calendar] + 1, day=1)


def _next(calendar: Calendar, begin: datetime) -> datetime:
    if calendar is Calendar.DAY:
        return begin + timedelta(days=1)
    if calendar is Calendar.WEEK:
        return begin + timedelta(weeks=1)
    month = begin.month - 1 + _MONTHS[calendar]
    return begin.replace(year=begin.year + month // 12, month=month % 12 + 1)
