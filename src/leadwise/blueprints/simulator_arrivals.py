"""When simulated leads arrive, and how long they wait until somebody is at work."""

import numpy as np
from numpy.typing import NDArray

from leadwise.blueprints.simulator_drawn import Floats, Seconds
from leadwise.blueprints.simulator_settings import Arrivals, Staff

HOUR = 3_600
DAY = 24 * HOUR


def arrival_times(rng: np.random.Generator, arrivals: Arrivals, count: int, now: int, days: int) -> Seconds:
    """That many instants in the days up to now (seconds), in order, with the seasons of year, week and day."""
    hours = now - HOUR * np.arange(days * 24, 0, -1, dtype=np.int64)
    weights = (
        np.array(arrivals.by_month)[months(hours)]
        * np.array(arrivals.by_weekday)[weekdays(hours)]
        * np.array(arrivals.by_hour)[hours % DAY // HOUR]
    )
    if not weights.any():  # a short stretch of time in which nobody comes: better some lead than an error
        weights = np.ones(len(hours))
    chosen = rng.choice(hours, size=count, p=weights / weights.sum())
    return np.sort(chosen + rng.integers(HOUR, size=count))


def months(instants: Seconds) -> NDArray[np.int64]:
    """The month of each instant; January is 0."""
    whole: NDArray[np.int64] = instants.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    return whole


def weekdays(instants: Seconds) -> NDArray[np.int64]:
    """The weekday of each instant; Monday is 0.

    >>> weekdays(np.array([0])).tolist()  # 1970 began on a Thursday
    [3]
    """
    return (instants // DAY + 3) % 7


def staff_loads(staff: Staff, arrivals: Seconds) -> Floats:
    """How much longer than usual an answer takes on the day of each arrival."""
    return np.array(staff.load_by_weekday)[weekdays(arrivals)]


def hours_until_open(staff: Staff, arrivals: Seconds) -> Floats:
    """Hours from each arrival until somebody is at work; 0 during opening hours.

    Here somebody writes on a Saturday night, to a shop that is closed on Sundays, and again on Monday at noon.

    >>> shop = Staff(event="sent", median_hours=1, spread=1, opens=9, closes=19, closed_on=(6,))
    >>> saturday = np.datetime64("2026-01-10T20:00", "s").astype(np.int64)
    >>> hours_until_open(shop, np.array([saturday, saturday + 2 * DAY - 8 * HOUR])).tolist()
    [37.0, 0.0]
    """
    open_days = [day for day in range(14) if day % 7 not in staff.closed_on]
    openings = np.array([24 * day + staff.opens for day in open_days], dtype=np.float64)
    closings = np.array([24 * day + staff.closes for day in open_days], dtype=np.float64)
    hour = weekdays(arrivals) * 24 + arrivals % DAY / HOUR
    # The first stretch of work that has not ended yet; two weeks of them, so that there always is one.
    begins = openings[np.searchsorted(closings, hour, side="right")]
    return np.maximum(begins - hour, 0.0)
