"""When simulated leads arrive, and how long they wait for an answer that nobody is slow about."""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Relative numbers of leads: people look for cars in spring, at weekends, at noon and in the evening.
_BY_MONTH = (0.85, 0.95, 1.2, 1.2, 1.15, 1.05, 0.95, 0.9, 1.05, 1.0, 0.9, 0.8)
_BY_WEEKDAY = (1.1, 0.9, 0.85, 0.85, 0.9, 1.15, 1.25)
_BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 6, 8, 10, 11, 12, 13, 11, 10, 10, 11, 12, 13, 15, 16, 14, 9, 5)

_STAFF_LOAD_BY_WEEKDAY = (1.7, 1.0, 0.9, 0.9, 1.0, 1.8, 2.2)
"""How much longer an answer takes: Mondays have the weekend's leads, on Sundays one person is there."""
OPENS, CLOSES = 9, 19


def arrival_times(rng: np.random.Generator, count: int, now: datetime, days: int) -> list[datetime]:
    """That many instants in the days up to now, in order, with the seasons of year, week and day."""
    hours = [now - timedelta(hours=hours) for hours in range(days * 24, 0, -1)]
    weights = np.array([_BY_MONTH[h.month - 1] * _BY_WEEKDAY[h.weekday()] * _BY_HOUR[h.hour] for h in hours])
    chosen = rng.choice(len(hours), size=count, p=weights / weights.sum())
    seconds = rng.integers(3600, size=count)
    return sorted(
        hours[hour] + timedelta(seconds=second) for hour, second in zip(chosen, seconds.tolist(), strict=True)
    )


def staff_loads(arrivals: list[datetime]) -> Floats:
    """How much longer than usual an answer takes on the day of each arrival."""
    return np.array([_STAFF_LOAD_BY_WEEKDAY[arrival.weekday()] for arrival in arrivals])


def hours_until_open(arrivals: list[datetime]) -> Floats:
    """Hours from each arrival until somebody is at work; 0 during opening hours.

    >>> hours_until_open([datetime(2026, 1, 5, 7, 30), datetime(2026, 1, 5, 12), datetime(2026, 1, 5, 20)]).tolist()
    [1.5, 0.0, 13.0]
    """
    hour = np.array([arrival.hour + arrival.minute / 60 for arrival in arrivals])
    closed = (hour < OPENS) | (hour >= CLOSES)
    return np.where(closed, (OPENS - hour) % 24, 0.0)
