"""When each lead was created and when it converted, and how much of that was known at any instant."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.clock import now
from leadwise.domain.frame import Floats
from leadwise.features.dates import SECONDS_PER_DAY, parse_dates, read_dates, typed_days
from leadwise.features.matching import matches
from leadwise.features.placeholders import are_placeholders
from leadwise.features.texts import to_codes
from leadwise.models.hazards.spans import Spans
from leadwise.training.errors import ColumnNotFoundError, ColumnRoleConflictError
from leadwise.training.options import FitOptions
from leadwise.training.time_errors import DatesNotUnderstoodError, DatesReversedError, UntilNotUnderstoodError

MOST_UNREAD = 0.1
"""Share of a column's values that are no dates from which on it is probably the wrong column."""
NO_DATE = r"^0000-00-00"
"""How some databases write that there is none."""
FEWEST_WATCHED = 10
"""An age counts as observed once so many leads were watched for so long; of fewer than twenty leads, half of them."""


@dataclass(frozen=True)
class Timeline:
    """The leads of a table, in the order of their creation; times are days since 1970-01-01 in UTC.

    Args:
        rows: Their positions in the table.
        created: When each was created, ascending.
        converted: When each converted; NaN where that had not happened by `as_of`.
        as_of: The last instant that is told of.
        ever: Whether the table knows of a conversion at any time, be it after `as_of`. For the leak check alone: what
            was filled in by a later conversion must not be taken for something that was known before.
        notes: Sentences on rows that were left out.
    """

    rows: NDArray[np.intp]
    created: Floats
    converted: Floats
    as_of: float
    ever: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def spans(self) -> Spans:
        """How long each lead was watched until `as_of`."""
        end = np.where(np.isnan(self.converted), self.as_of, self.converted)
        return Spans(np.maximum(end - self.created, 0.0), ~np.isnan(self.converted))

    @property
    def watched(self) -> Floats:
        """Days from each lead's creation to `as_of`: what converts later than that is not known to do so."""
        return self.as_of - self.created

    @property
    def observed_days(self) -> float:
        """The age up to which enough leads were watched to say something; 0 where there are none."""
        if not len(self):
            return 0.0
        return float(self.watched[min(FEWEST_WATCHED, (len(self) + 1) // 2) - 1])

    def known_at(self, instant: float) -> Self:
        """The leads created by then, and of their conversions those that had happened: all that was known.

        >>> won = np.array([3.0, 9.0])
        >>> timeline = Timeline(np.arange(2), np.array([0.0, 5.0]), won, as_of=10.0, ever=won > 0)
        >>> earlier = timeline.known_at(7.0)
        >>> earlier.spans.days.tolist(), earlier.spans.converted.tolist()
        ([3.0, 2.0], [True, False])
        """
        leads = int(np.searchsorted(self.created, instant, side="right"))
        converted = self.converted[:leads]
        converted = np.where(converted <= instant, converted, np.nan)
        return replace(self.take(slice(0, leads)), converted=converted, as_of=min(instant, self.as_of))

    def created_after(self, instant: float) -> Self:
        """The leads created later than that, with all that is known of them."""
        first = int(np.searchsorted(self.created, instant, side="right"))
        return self.take(slice(first, None))

    def take(self, positions: NDArray[np.intp] | slice) -> Self:
        """Some of the leads, by ascending position."""
        return replace(
            self,
            rows=self.rows[positions],
            created=self.created[positions],
            converted=self.converted[positions],
            ever=self.ever[positions],
        )


def read_timeline(table: pa.Table, options: FitOptions) -> Timeline:
    """The leads of a table as of its latest date, or of `until`.

    Raises:
        ColumnNotFoundError, ColumnRoleConflictError: if the table lacks a column, or both dates are in one.
        DatesNotUnderstoodError, UntilNotUnderstoodError: if something is no date.
        DatesReversedError: if most conversions come before the lead.

    >>> table = pa.table({"met": ["2026-01-05", "2026-01-01"], "won": ["", "2026-01-03 12:00"]})
    >>> timeline = read_timeline(table, FitOptions(created="met", converted_at="won"))
    >>> timeline.rows.tolist(), timeline.spans.days.round(1).tolist(), timeline.spans.converted.tolist()
    ([1, 0], [2.5, 1.0], [True, False])
    """
    created_name, converted_name = str(options.created), str(options.converted_at)
    if created_name == converted_name:
        raise ColumnRoleConflictError(created_name, "--created", "--converted-at")
    created, without = _read_days(table, "--created", created_name)
    converted, unread = _read_days(table, "--converted-at", converted_name)
    today = now().timestamp() / SECONDS_PER_DAY
    late = (created > today + 1) | (converted > today + 1)
    before = np.floor(converted) < np.floor(created)
    conversions = int((~np.isnan(converted) & ~np.isnan(created)).sum())
    if before.sum() > conversions / 2:
        raise DatesReversedError(created_name, converted_name, int(before.sum()), conversions)
    usable = ~(without | np.isnan(created) | unread | before | late)
    as_of = _as_of(options.until, created[usable], converted[usable])
    after = usable & (created > as_of)
    chosen = np.flatnonzero(usable & ~after)
    chosen = chosen[np.argsort(created[chosen], kind="stable")]
    known = np.where(converted <= as_of, np.maximum(converted, created), np.nan)
    reasons = {
        f"no date in {created_name!r}": without | np.isnan(created),
        f"a text that is no date in {converted_name!r}": unread,
        f"a date in {converted_name!r} that comes before that in {created_name!r}": before,
        "a date in the future": late,
        f"a creation after {day_text(as_of)}, the moment of observation": after,
    }
    notes = tuple(_left_out(reason, int(rows.sum())) for reason, rows in reasons.items() if rows.any())
    return Timeline(chosen, created[chosen], known[chosen], as_of, ~np.isnan(converted[chosen]), notes)


def end_of_day(instant: float) -> float:
    """The last second of that day.

    >>> round((end_of_day(3.2) - 3.0) * 86_400)
    86399
    """
    return float(np.floor(instant) + 1 - 1 / SECONDS_PER_DAY)


def day_text(instant: float) -> str:
    """The day of an instant.

    >>> day_text(17636.99)
    '2018-04-15'
    """
    return str(np.datetime64(int(np.floor(instant)), "D"))


def _read_days(table: pa.Table, option: str, name: str) -> tuple[Floats, NDArray[np.bool_]]:
    """Days since 1970-01-01 in UTC, NaN where there are none; and the rows that hold something else than a date."""
    if name not in table.column_names:
        raise ColumnNotFoundError(option, name, table.column_names)
    column = table.column(name)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return typed_days(column), np.zeros(table.num_rows, dtype=np.bool_)
    coded = to_codes(column)
    days = read_dates(coded.texts, coded.counts).days
    holds = ~(are_placeholders(coded.texts) | matches(coded.texts, NO_DATE))
    unread = np.isnan(days) & holds
    given = int(coded.counts[holds].sum())
    share = coded.counts[unread].sum() / given if given else 0.0
    if share > MOST_UNREAD:
        raise DatesNotUnderstoodError(option, name, str(coded.texts[int(unread.argmax())].as_py()), float(share))
    return coded.spread(days), np.append(unread, False)[coded.codes]


def _as_of(until: str | None, created: Floats, converted: Floats) -> float:
    """The last instant that is told of: that of `until`, or the latest date; of a date without a time, all of its day.

    Raises:
        UntilNotUnderstoodError: if `until` is no date.
    """
    if until is not None:
        instant = float(parse_dates(pa.array([until]), day_first=False)[0])
        if np.isnan(instant):
            raise UntilNotUnderstoodError(until)
    else:
        dates = np.concatenate([created, converted[~np.isnan(converted)]])
        instant = float(dates.max()) if dates.size else 0.0
    return end_of_day(instant) if instant == np.floor(instant) else instant


def _left_out(reason: str, rows: int) -> str:
    found, were = ("1 row has", "was") if rows == 1 else (f"{rows:,} rows have", "were")
    return f"{found} {reason}, and {were} left out."
