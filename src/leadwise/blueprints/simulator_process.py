"""The simulated world of a blueprint, and what of it is on record now."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from leadwise.blueprints.definition import Blueprint
from leadwise.blueprints.simulator_arrivals import DAY, HOUR, arrival_times
from leadwise.blueprints.simulator_drawn import Drawing, Drawn, Floats, Seconds
from leadwise.blueprints.simulator_draws import draw_fields
from leadwise.blueprints.simulator_ends import Ends, Leads, draw_ends
from leadwise.blueprints.simulator_intent import draw_replies, probability_on_arrival
from leadwise.blueprints.simulator_journey import Happened, journeys
from leadwise.blueprints.simulator_orders import draw_orders, expected_amounts, expected_orders, median_amounts
from leadwise.blueprints.simulator_records import Ending, Recorder
from leadwise.domain.clock import in_utc


@dataclass(frozen=True)
class SimulatedTables:
    """What an organisation would have on record, and what nobody there could know.

    Args:
        leads: `source`, `external_id`, `occurred_at`, `recorded_at`, and one column per field; in order of arrival.
        events: `source`, `external_id`, `lead` (its external_id), `kind`, the two stamps, one column per number among
            particulars, and `field` and `value` of changes.
        outcomes: `source`, `external_id`, `lead`, `target`, `won`, `value`, and the two stamps.
        truth: `external_id` of each lead and its true `probability` of being won within the horizon (of ordering
            again), given all that it showed on arrival but neither hidden intent nor how fast it was answered. For
            customers who buy again and again `expected_value` too: what they will spend within the horizon.
    """

    leads: pa.Table
    events: pa.Table
    outcomes: pa.Table
    truth: pa.Table

    @property
    def base_rate(self) -> float:
        """The mean of the true probabilities; 0 without leads."""
        chance = self.truth.column("probability").to_numpy()
        return float(chance.mean()) if len(chance) else 0.0

    def best_auc(self) -> float:
        """The ROC-AUC to expect from the true probabilities."""
        return best_auc(self.truth.column("probability").to_numpy())


def best_auc(probabilities: Floats) -> float:
    """The ROC-AUC to expect from true probabilities: no model does better on arrival, except by chance.

    NaN where there are no two leads to compare.

    >>> best_auc(np.array([0.1, 0.5, 0.9]))
    0.9395...
    """
    ascending = np.sort(probabilities)
    lost_below = np.cumsum(1 - ascending) - (1 - ascending)
    # A pair is one win and one loss of two different leads, so a lead is never paired with itself.
    pairs = ascending.sum() * (1 - ascending).sum() - (ascending * (1 - ascending)).sum()
    return float((ascending * lost_below).sum() / pairs) if pairs > 0 else float("nan")


def simulate_tables(
    blueprint: Blueprint, leads: int, seed: int, now: datetime, *, drift: float = 0.0
) -> SimulatedTables:
    """That many leads of the past with all that is on record of them at `now`; the same seed gives the same.

    Args:
        blueprint: The process, in its simulator settings.
        leads: How many.
        seed: Of all chance.
        now: The instant up to which the world is simulated. It lives in UTC.
        drift: How far the world moves from the first lead to the last: at 1, the base falls by 1 in log-odds, half
            of the fields' effects double and the other half vanish.

    Raises:
        NaiveTimeError: if `now` has no zone.
    """
    until = int(in_utc("now", now).timestamp())
    with np.errstate(over="ignore"):  # settings may be extreme: what is too large is infinite, and comes too late
        return _World(blueprint, np.random.default_rng(seed), until, drift).tables(leads)


@dataclass(frozen=True)
class _World:
    blueprint: Blueprint
    rng: np.random.Generator
    now: int
    drift: float

    def tables(self, count: int) -> SimulatedTables:
        """The record of that many leads."""
        settings = self.blueprint.simulation
        arrivals = arrival_times(self.rng, settings.arrivals, count, self.now, settings.days)
        fields = draw_fields(Drawing(self.rng, arrivals), settings.fields)
        shown = self._log_odds(arrivals, fields)
        leads = Leads(
            arrivals=arrivals,
            until_now=(self.now - arrivals) / HOUR,
            intent=settings.hidden_intent * self.rng.standard_normal(count),
            replies=draw_replies(self.rng, settings.staff, arrivals),
        )
        recorder = Recorder(self.blueprint, self.rng, self.now, arrivals)
        lead_table = recorder.leads(fields)
        happened, ending, truth = self._converted(leads, shown, fields)
        return SimulatedTables(
            leads=lead_table,
            events=recorder.events(happened),
            outcomes=recorder.outcomes(ending),
            truth=pa.table({"external_id": lead_table.column("external_id"), **truth}),
        )

    def _log_odds(self, arrivals: Seconds, fields: dict[str, Drawn]) -> Floats:
        """The base and what the fields do, as of each arrival."""
        settings = self.blueprint.simulation
        begin = self.now - settings.days * DAY
        moved = self.drift * (arrivals - begin) / (self.now - begin)
        base = settings.conversion.base_log_odds if settings.conversion else 0.0
        total: Floats = base - moved
        for position, field in enumerate(fields.values()):
            # Around its mean, so that it is the base alone that moves the rate of all.
            away = field.log_odds - field.log_odds.mean() if len(arrivals) else field.log_odds
            total = total + field.log_odds + away * (moved if position % 2 == 0 else -moved)
        return total

    def _converted(
        self, leads: Leads, shown: Floats, fields: dict[str, Drawn]
    ) -> tuple[list[Happened], Ending, dict[str, Floats]]:
        """What happens to the leads, how it ends, and the truth."""
        settings, target = self.blueprint.simulation, self.blueprint.target
        if settings.conversion is None:
            return self._ordered(leads, shown, fields)
        ends = draw_ends(self.rng, settings.conversion, target, leads, shown, fields)
        noted = np.flatnonzero(ends.noted)
        ending = Ending(noted, ends.noted_hours[noted], ends.won[noted], ends.value[noted])
        truth = {"probability": probability_on_arrival(settings, shown, leads.arrivals)}
        return journeys(self.rng, settings, leads, ends, fields), ending, truth

    def _ordered(
        self, leads: Leads, shown: Floats, fields: dict[str, Drawn]
    ) -> tuple[list[Happened], Ending, dict[str, Floats]]:
        settings, orders = self.blueprint.simulation, self.blueprint.simulation.orders
        assert orders is not None
        medians = median_amounts(orders, fields, len(leads))
        made = draw_orders(self.rng, orders, shown + leads.intent, medians, leads.until_now)
        # Customers who stopped stop doing everything else too.
        count, nothing = len(leads), np.zeros(len(leads))
        ends = Ends(np.zeros(count, bool), made.active_hours, np.zeros(count, bool), nothing, nothing)
        placed = Happened(orders.event, made.lead, made.hours, {orders.amount: made.amount})
        ending = Ending(made.lead, made.hours, np.ones(len(made.lead), dtype=bool), made.amount)
        chance, number = expected_orders(settings, shown, self.blueprint.target.horizon_days)
        truth = {"probability": chance, "expected_value": number * expected_amounts(orders, medians)}
        return [placed, *journeys(self.rng, settings, leads, ends, fields)], ending, truth
