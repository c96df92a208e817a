"""How simulated leads end, and when: drawn before the way there, which keeps the chance of a win exactly as given."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadwise.blueprints.simulator_drawn import Drawn, Floats, Seconds
from leadwise.blueprints.simulator_intent import Replies, probability
from leadwise.blueprints.simulator_settings import Conversion, Value
from leadwise.domain.target import Target

DAY_HOURS = 24.0
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Leads:
    """Leads of a simulation before anything has happened to them.

    Args:
        arrivals: When each arrived.
        until_now: How many hours ago that is.
        intent: Its hidden intent, in log-odds.
        replies: How staff answered.
    """

    arrivals: Seconds
    until_now: Floats
    intent: Floats
    replies: Replies

    def __len__(self) -> int:
        return len(self.arrivals)


@dataclass(frozen=True)
class Ends:
    """How each lead ends; hours count from its arrival.

    Args:
        won: Whether it is won; on a calendar perhaps only in years.
        hours: When interest ends: with the win, or without.
        noted: Whether anybody writes down that it ended; wins always are.
        noted_hours: When that says it was.
        value: What a win is worth; NaN where that is not said.
    """

    won: Flags
    hours: Floats
    noted: Flags
    noted_hours: Floats
    value: Floats


def draw_ends(
    rng: np.random.Generator,
    conversion: Conversion,
    target: Target,
    leads: Leads,
    log_odds: Floats,
    fields: dict[str, Drawn],
) -> Ends:
    """The end of each lead whose chance of a win within the horizon has these log-odds."""
    chance = probability(log_odds + leads.intent + leads.replies.log_odds)
    value = _values(rng, conversion.value, fields, len(leads))
    if target.calendar is not None:
        return _ends_of_years(rng, conversion, target, leads, chance, value)
    return _ends_of_weeks(rng, conversion, target, leads, chance, value)


def _ends_of_weeks(
    rng: np.random.Generator, conversion: Conversion, target: Target, leads: Leads, chance: Floats, value: Floats
) -> Ends:
    """One decision, so many days after the first answer; a win never after the horizon."""
    count = len(leads)
    won = rng.random(count) < chance
    typical = np.where(won, conversion.win_median_days, conversion.lost_median_days) * DAY_HOURS
    spread = np.where(won, conversion.win_spread, conversion.lost_spread)
    start = np.where(leads.replies.answered, leads.replies.hours, 0.0)
    hours = start + 2 + typical * np.exp(spread * rng.standard_normal(count))
    horizon = target.horizon_days * DAY_HOURS
    # Beyond the horizon there are no wins in this process, so the last ones fall into its last tenth.
    last = horizon * rng.uniform(0.9, 0.999, count)
    hours = np.where(won & (hours > last), last, hours)
    marked = hours + rng.uniform(2, 25, count) * DAY_HOURS
    noted = won | (rng.random(count) < conversion.lost_recorded)
    return Ends(won, hours, noted, np.where(won, hours, marked), value)


def _ends_of_years(
    rng: np.random.Generator, conversion: Conversion, target: Target, leads: Leads, chance: Floats, value: Floats
) -> Ends:
    """The same chance in every horizon: the time to the win is exponential.

    Only those whose win is not to be seen by now are ever marked as lost, so nothing is lost and won.
    """
    count = len(leads)
    hazard = -np.log1p(-np.minimum(chance, 1 - 1e-12)) / (target.horizon_days * DAY_HOURS)
    hours = rng.exponential(1.0, count) / np.maximum(hazard, 1e-12)
    given_up = conversion.lost_median_days * DAY_HOURS * np.exp(conversion.lost_spread * rng.standard_normal(count))
    lost = (hours > leads.until_now) & (rng.random(count) < conversion.lost_recorded)
    hours = np.where(lost, given_up, hours)
    return Ends(~lost, hours, np.ones(count, dtype=bool), hours, value)


def _values(rng: np.random.Generator, value: Value | None, fields: dict[str, Drawn], count: int) -> Floats:
    if value is None:
        return np.full(count, np.nan)
    if value.field is not None:
        amounts = fields[value.field].values.astype(np.float64) * rng.uniform(value.low, value.high, count)
        return np.round(amounts, -1)
    assert value.median is not None
    return np.round(value.median * np.exp(value.spread * rng.standard_normal(count)), 2)
