"""Dates and times, as people and systems write them, on one scale: days since 1970-01-01 in UTC.

Understood are ISO dates with or without time and zone (ISO 8601), 20251231, 31/12/2025, 12/31/2025, 31.12.2025,
"Jan 3, 2024" and "3 January 2024". A time without a zone is taken as it is written. Parts of a second are left out.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.features.matching import Floats, as_floats, extracted, is_any_of, lowered, matches, pick, positions
from leadwise.features.texts import Texts, WholeColumn

SECONDS_PER_DAY = 86_400
_EARLIEST_YEAR, _LATEST_YEAR = 1800, 2200
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TIME = (
    r"(?:[t,\s]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[ap]m)?)?"
    r"\s*(?:z|utc|gmt|(?P<zone_sign>[+-])(?P<zone_hour>\d{2}):?(?P<zone_minute>\d{2})?)?$"
)
_LAYOUTS = (
    r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
    r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"^(?P<first>\d{1,2})[-/.](?P<other>\d{1,2})[-/.](?P<year>\d{4}|\d{2})",
    rf"^{_NAME}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})",
    rf"^(?:[a-z]{{3}},\s*)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?[-\s]+{_NAME},?[-\s]+(?P<year>\d{{4}}|\d{{2}})",
)
_OPEN = r"^\d{1,2}[-/.]\d{1,2}[-/.]"  # the order of day and month is open
_POINTED = r"^\d{1,2}\.\d{1,2}\."
_MONTH_STARTS = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
_MONTH_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class DateReading:
    """Texts read as dates.

    Args:
        days: Days since 1970-01-01 in UTC, with the time as a fraction; NaN where a text is no date.
        day_first: Whether 03/04/2026 was read as the third of April.
    """

    days: Floats
    day_first: bool


def read_dates(texts: Texts, counts: NDArray[np.int64]) -> DateReading:
    """The texts as dates, day or month first, whichever gives more rows a date.

    Where both give as many, 03.04.2026 is read day first and 03/04/2026 month first.

    >>> read_dates(pa.array(["03/04/2026", "31/12/2025"]), np.array([1, 1]))
    DateReading(days=array([20546., 20453.]), day_first=True)
    """
    month_first = parse_dates(texts, day_first=False)
    is_open = matches(texts, _OPEN)
    if not is_open.any():
        return DateReading(month_first, day_first=False)
    day_first = parse_dates(texts, day_first=True)
    gain = int(counts[~np.isnan(day_first)].sum()) - int(counts[~np.isnan(month_first)].sum())
    prefer_day = gain > 0 or (gain == 0 and bool(matches(pick(texts, is_open), _POINTED).all()))
    return DateReading(day_first if prefer_day else month_first, day_first=prefer_day)


def parse_dates(texts: Texts, *, day_first: bool) -> Floats:
    """Days since 1970-01-01 in UTC, NaN where a text is no date.

    >>> parse_dates(pa.array(["1970-01-02T12:00:00Z", "Jan 3, 1970", "30.2.1970"]), day_first=True).tolist()
    [1.5, 2.0, nan]
    """
    days = np.full(len(texts), np.nan)
    left = np.arange(len(texts))
    words = lowered(texts)
    for layout in _LAYOUTS:
        # Telling first which texts fit is several times faster than taking all of them apart.
        fits = matches(words, layout + _TIME)
        if fits.any():
            days[left[fits]] = _days(extracted(pick(words, fits), layout + _TIME), day_first=day_first)
            left, words = left[~fits], pick(words, ~fits)
    return days


def typed_days(column: WholeColumn) -> Floats:
    """Days since 1970-01-01 in UTC of a column that Arrow knows to be dates or timestamps; NaN where null."""
    seconds = column.cast(pa.timestamp("s", getattr(column.type, "tz", None)), safe=False)
    return as_floats(seconds.cast(pa.int64())) / SECONDS_PER_DAY


def weekdays(days: Floats) -> Floats:
    """0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday.

    >>> weekdays(np.array([0.0, 4.5, np.nan])).tolist()
    [3.0, 0.0, nan]
    """
    result: Floats = (np.floor(days) + 3) % 7
    return result


def months(days: Floats) -> Floats:
    """1 for January to 12 for December.

    >>> months(np.array([0.0, 31.25, np.nan])).tolist()
    [1.0, 2.0, nan]
    """
    known = ~np.isnan(days)
    stamps = np.floor(np.where(known, days, 0)).astype("datetime64[D]").astype("datetime64[M]")
    return np.where(known, stamps.astype(np.int64) % 12 + 1.0, np.nan)


def hours(days: Floats) -> Floats:
    """The hour of the day in UTC, 0 to 23.

    >>> hours(np.array([0.5, np.nan])).tolist()
    [12.0, nan]
    """
    seconds = np.round((days - np.floor(days)) * SECONDS_PER_DAY)
    return np.floor(seconds / 3600)


def _days(parts: dict[str, Texts], *, day_first: bool) -> Floats:
    """The days of texts that fit one layout; NaN where such a day does not exist."""
    year = _number(parts["year"])
    year = np.where(year < 100, np.where(year < 70, 2000, 1900) + year, year)  # noqa: PLR2004 - POSIX strptime's pivot
    if "first" in parts:
        first, second = _number(parts["first"]), _number(parts["other"])
        day, month = (first, second) if day_first else (second, first)
    else:
        day = _number(parts["day"])
        month = positions(parts["name"], _MONTHS) + 1 if "name" in parts else _number(parts["month"])
    # One division of whole seconds, as of typed times, so that both give the same number to the last digit.
    return (_civil_days(year, month, day) * SECONDS_PER_DAY + _seconds(parts)) / SECONDS_PER_DAY


def _civil_days(year: Floats, month: Floats, day: Floats) -> Floats:
    """Days since 1970-01-01; NaN for a day that does not exist or lies outside 1800 to 2200."""
    usable = (year >= _EARLIEST_YEAR) & (year <= _LATEST_YEAR) & (month >= 1) & (month <= len(_MONTHS)) & (day >= 1)
    index = np.where(usable, month, 1).astype(np.int64) - 1
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    usable &= day <= _MONTH_LENGTHS[index] + (leap & (index == 1))
    earlier = year - 1
    new_year = 365 * (year - 1970) + (earlier // 4 - 492) - (earlier // 100 - 19) + (earlier // 400 - 4)
    days = new_year + _MONTH_STARTS[index] + (leap & (index > 1)) + day - 1
    return np.where(usable, days, np.nan)


def _seconds(parts: dict[str, Texts]) -> Floats:
    """Seconds since midnight in UTC; 0 without a time, NaN where there is no such time."""
    hour, minute, second = _number(parts["hour"]), _number(parts["minute"]), _number(parts["second"])
    hour = np.where(is_any_of(parts["half"], ["am", "pm"]), hour % 12, hour)
    hour += 12 * is_any_of(parts["half"], ["pm"])
    usable = (hour < 24) & (minute < 60) & (second <= 60)  # noqa: PLR2004 - with leap seconds
    offset = _number(parts["zone_hour"]) * 3600 + _number(parts["zone_minute"]) * 60
    offset = np.where(is_any_of(parts["zone_sign"], ["-"]), -offset, offset)
    return np.where(usable, hour * 3600 + minute * 60 + second - offset, np.nan)


def _number(part: Texts) -> Floats:
    """A part as a number; 0 where the text lacks it."""
    digits = matches(part, ".")
    numbers = np.zeros(len(digits))
    numbers[digits] = as_floats(pick(part, digits))
    return numbers
