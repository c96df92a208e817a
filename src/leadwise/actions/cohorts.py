"""Cohorts: groups of leads side by side, and what is to be expected of each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from leadwise.store.radar import RadarRow

AGE_BANDS = ((91, "up to 90 days"), (366, "91 to 365 days"), (731, "1 to 2 years"))
"""Days below which a lead has been known for so long, and how people say it."""
OLDEST = "more than 2 years"
NOT_GIVEN = "not given"


@dataclass(frozen=True)
class Cohort:
    """Leads that have something in common.

    Args:
        name: What that is ("Harbor").
        count: How many there are.
        share: Of all leads that are looked at, 0 to 1.
        mean_probability: Of a sale (or other win) within the horizon.
        expected: So many of them will be won within the horizon: the sum of probabilities.
    """

    name: str
    count: int
    share: float
    mean_probability: float
    expected: float


def cohorts(rows: Sequence[RadarRow], names: Iterable[str], order: Sequence[str] = ()) -> tuple[Cohort, ...]:
    """Rows by name, in this order; without one, the group of which most is expected first.

    Args:
        rows: The leads.
        names: What group each is of.
        order: All groups that there can be.
    """
    by_name: dict[str, list[float]] = defaultdict(list)
    for row, name in zip(rows, names, strict=True):
        by_name[name].append(row.probability)
    found = [
        Cohort(name, len(each), len(each) / len(rows), sum(each) / len(each), sum(each))
        for name, each in by_name.items()
    ]
    if order:
        return tuple(sorted(found, key=lambda cohort: order.index(cohort.name)))
    return tuple(sorted(found, key=lambda cohort: (-cohort.expected, cohort.name)))


def by_grade(rows: Sequence[RadarRow]) -> tuple[Cohort, ...]:
    """Rows by grade, A first."""
    return cohorts(rows, [row.grade for row in rows], sorted({row.grade for row in rows}))


def by_segment(rows: Sequence[RadarRow], place: int) -> tuple[Cohort, ...]:
    """Rows by the segment of that place."""
    return cohorts(rows, [row.segments[place] or NOT_GIVEN for row in rows])


def by_age(rows: Sequence[RadarRow]) -> tuple[Cohort, ...]:
    """Rows by how long we have known of the lead, from the instant of its score, the newest first."""
    order = [*(name for _, name in AGE_BANDS), OLDEST]
    return cohorts(rows, [age_band(row.as_of - row.known_since) for row in rows], order)


def age_band(age: timedelta) -> str:
    """The band that an age is in.

    >>> age_band(timedelta(days=90, hours=5)), age_band(timedelta(days=365)), age_band(timedelta(days=5000))
    ('up to 90 days', '91 to 365 days', 'more than 2 years')
    """
    return next((name for days, name in AGE_BANDS if age < timedelta(days=days)), OLDEST)
