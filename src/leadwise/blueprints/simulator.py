"""Simulated leads of a car dealership, from a process whose every parameter is known.

Since the true probability of each lead is kept, it is known how well any model can do: see `Simulation.best_auc`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from leadwise.blueprints.definition import Blueprint, SimulatorSettings
from leadwise.blueprints.simulator_arrivals import Floats, arrival_times, hours_until_open, staff_loads
from leadwise.blueprints.simulator_intent import (
    NEVER_ANSWERED_HOURS,
    Shown,
    draw_shown,
    probability,
    probability_on_arrival,
    reply_hours,
    reply_log_odds,
    shown_log_odds,
)
from leadwise.blueprints.simulator_journey import DAY_HOURS, Course, end_hours, moments
from leadwise.blueprints.simulator_people import names_of_people
from leadwise.blueprints.simulator_vehicles import vehicles
from leadwise.domain.clock import in_utc, visible
from leadwise.domain.lead import Event, Fields, Lead, Outcome
from leadwise.domain.target import Target

LeadKey = tuple[str, str]

_MISSING_SHARES = {"distance_km": 0.12, "price_against_market": 0.1, "mileage_km": 0.06, "message_characters": 0.05}
"""How often a field does not come through; by pure chance, so that a missing value says nothing of the lead."""


@dataclass(frozen=True)
class Simulation:
    """What a dealership would have on record, and what nobody there could know.

    Args:
        leads: In order of arrival.
        events: What happened to them, up to now.
        outcomes: How it ended, where it has.
        truth: For each lead, by (source, external_id), its true probability of a sale within the horizon, given all
            that it showed on arrival, but neither its hidden intent nor how fast it was answered.
    """

    leads: list[Lead]
    events: list[Event]
    outcomes: list[Outcome]
    truth: dict[LeadKey, float]

    def best_auc(self) -> float:
        """The ROC-AUC to expect from the true probabilities: no model does better on arrival, except by chance.

        >>> Simulation([], [], [], {("s", "1"): 0.1, ("s", "2"): 0.5, ("s", "3"): 0.9}).best_auc()
        0.9395...
        """
        ascending = np.sort(np.array(list(self.truth.values())))
        lost_below = np.cumsum(1 - ascending) - (1 - ascending)
        # A pair is one sale and one loss of two different leads, so a lead is never paired with itself.
        pairs = ascending.sum() * (1 - ascending).sum() - (ascending * (1 - ascending)).sum()
        return float((ascending * lost_below).sum() / pairs)


def simulate(blueprint: Blueprint, leads: int, seed: int, now: datetime) -> Simulation:
    """That many leads of the past year with all that is known of them at `now`; the same seed gives the same.

    Raises:
        NaiveTimeError: if `now` has no zone. The dealership lives in UTC.
    """
    settings, target, now = blueprint.simulator, blueprint.target, in_utc("now", now)
    rng = np.random.default_rng(seed)
    arrivals = arrival_times(rng, leads, now, settings.days)
    shown = draw_shown(rng, leads)
    fields = _fields(rng, shown, now)
    log_odds, until_open, load = shown_log_odds(settings, shown), hours_until_open(arrivals), staff_loads(arrivals)
    truth = probability_on_arrival(settings, log_odds, until_open, load)
    hours = reply_hours(settings, until_open, load, rng.standard_normal(leads))
    courses = _courses(rng, settings, target, fields, log_odds, hours)
    simulation = Simulation([], [], [], {})
    recorder = _Recorder(simulation, settings, target, now, rng)
    for number, (arrival, course, chance) in enumerate(zip(arrivals, courses, truth.tolist(), strict=True), start=1):
        recorder.record(f"L-{number:05d}", arrival, course, chance)
    return simulation


def _fields(rng: np.random.Generator, shown: Shown, now: datetime) -> list[Fields]:
    """The fields of each lead, as the marketplace sends them."""
    count = len(shown.message)
    people, stock = names_of_people(rng, count), vehicles(rng, now, shown.price_against_market)
    gone = {name: rng.random(count) < share for name, share in _MISSING_SHARES.items()}
    rows: list[Fields] = []
    for index, (name, vehicle) in enumerate(zip(people, stock, strict=True)):
        row: Fields = {
            "name": name,
            "vehicle": f"{vehicle.year} {vehicle.make} {vehicle.model}",
            "make": vehicle.make,
            "model": vehicle.model,
            "vehicle_year": str(vehicle.year),
            "asking_price": vehicle.price,
            "price_against_market": vehicle.price_against_market,
            "mileage_km": vehicle.mileage_km,
            "distance_km": float(shown.distance_km[index]),
            "message_characters": float(shown.message_characters[index]),
            "asks_financing": bool(shown.asks_financing[index]),
            "has_trade_in": bool(shown.has_trade_in[index]),
            "phone_given": bool(shown.phone_given[index]),
        }
        rows.append(row | {field: None for field, lost in gone.items() if lost[index]})
    return rows


def _courses(
    rng: np.random.Generator,
    settings: SimulatorSettings,
    target: Target,
    fields: list[Fields],
    log_odds: Floats,
    hours: Floats,
) -> list[Course]:
    """What chance decides for each lead: hidden intent, whether it is answered, whether it ends in a sale."""
    count = len(fields)
    intent = settings.hidden_intent * rng.standard_normal(count)
    answered = rng.random(count) >= settings.never_answered
    felt_hours = np.where(answered, hours, NEVER_ANSWERED_HOURS)
    sold = rng.random(count) < probability(log_odds + intent + reply_log_odds(settings, felt_hours))
    return [
        Course(
            fields=fields[index],
            intent=float(intent[index]),
            reply_hours=float(hours[index]) if answered[index] else None,
            sold=bool(sold[index]),
            horizon_hours=target.horizon_days * DAY_HOURS,
        )
        for index in range(count)
    ]


@dataclass(frozen=True)
class _Recorder:
    """Writes down what had happened and was known by now, and leaves out the rest."""

    simulation: Simulation
    settings: SimulatorSettings
    target: Target
    now: datetime
    rng: np.random.Generator

    def record(self, name: str, arrival: datetime, course: Course, chance: float) -> None:
        """Write down one lead's whole course."""
        source = self.settings.source
        learnt = min(arrival + timedelta(minutes=self.rng.uniform(0, 5)), self.now)
        self.simulation.leads.append(Lead(source, name, arrival, learnt, course.fields))
        self.simulation.truth[source, name] = chance
        end = end_hours(self.rng, course)
        for number, moment in enumerate(moments(self.rng, course, end), start=1):
            happened = arrival + timedelta(hours=moment.hours)
            recorded = max(happened, learnt) + self._delay()
            if visible(happened, recorded, self.now):
                event = f"{name}-{number}"
                self.simulation.events.append(
                    Event(source, event, (source, name), moment.kind, happened, recorded, moment.fields)
                )
        self._record_outcome(name, arrival, course, end)

    def _record_outcome(self, name: str, arrival: datetime, course: Course, end: float) -> None:
        marked_lost_after = end + self.rng.uniform(2, 25) * DAY_HOURS
        noted, discount, delay = self.rng.random(), self.rng.uniform(0.93, 1), self._delay()
        if not course.sold and noted >= self.settings.lost_recorded:
            return
        happened = arrival + timedelta(hours=end if course.sold else marked_lost_after)
        if not visible(happened, happened + delay, self.now):
            return
        source, value = self.settings.source, round(course.fields["asking_price"] * discount, -1)
        self.simulation.outcomes.append(
            Outcome(
                source=source,
                external_id=f"{name}-outcome",
                lead=(source, name),
                target=self.target.name,
                won=course.sold,
                value=value if course.sold else None,
                occurred_at=happened,
                recorded_at=happened + delay,
            )
        )

    def _delay(self) -> timedelta:
        """Minutes in general; hours where somebody enters it in the evening, or the day after."""
        late, minutes, hours = self.rng.random(), self.rng.uniform(0, 10), self.rng.exponential(8)
        return timedelta(hours=hours) if late < self.settings.recorded_late else timedelta(minutes=minutes)
