"""The known process behind a simulated win: what a lead shows, what it hides, and how fast it is answered.

The log-odds of a win within the horizon are `base + effects of the fields + hidden intent + effect of the reply time`.
Hidden intent and reply time are drawn independently of each other and of the fields, so answering faster causes wins,
to the degree that the settings say, and nothing else explains the difference.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from leadwise.blueprints.simulator_arrivals import hours_until_open, staff_loads
from leadwise.blueprints.simulator_drawn import Floats, Seconds
from leadwise.blueprints.simulator_settings import SimulatorSettings, Staff

NEVER_ANSWERED_HOURS = 14 * 24.0
"""The reply time that stands for none."""
NODES = 15


@dataclass(frozen=True)
class Replies:
    """When staff answered each lead, and what that does to its log-odds.

    Args:
        answered: Whether anybody did.
        hours: After how many hours; as if somebody had, where nobody did. 0 where there is no staff.
        log_odds: What the reply time does.
    """

    answered: "np.typing.NDArray[np.bool_]"
    hours: Floats
    log_odds: Floats


def draw_replies(rng: np.random.Generator, staff: Staff | None, arrivals: Seconds) -> Replies:
    """Staff at work on all leads."""
    count = len(arrivals)
    if staff is None:
        return Replies(np.ones(count, dtype=bool), np.zeros(count), np.zeros(count))
    until_open, load = hours_until_open(staff, arrivals), staff_loads(staff, arrivals)
    hours = reply_hours(staff, until_open, load, rng.standard_normal(count))
    answered = rng.random(count) >= staff.never
    return Replies(answered, hours, reply_log_odds(staff, np.where(answered, hours, NEVER_ANSWERED_HOURS)))


def reply_hours(staff: Staff, until_open: Floats, load: Floats, standard_normal: Floats) -> Floats:
    """Hours until the reply: until somebody is there, and then as long as the load and chance make it."""
    return until_open + staff.median_hours * load * np.exp(staff.spread * standard_normal)


def reply_log_odds(staff: Staff, hours: Floats) -> Floats:
    """What a reply after that many hours does to the log-odds: so much per doubling, from 15 minutes on."""
    return staff.effect * np.log2(1 + hours / 0.25)


def probability(log_odds: Floats) -> Floats:
    """The logistic function."""
    found: Floats = expit(log_odds)
    return found


def normal_nodes() -> tuple[Floats, Floats]:
    """Where to look at a standard normal variable, and how much each place counts (Abramowitz and Stegun 25.4.46)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes, weights / weights.sum()


def probability_on_arrival(settings: SimulatorSettings, shown: Floats, arrivals: Seconds) -> Floats:
    """The chance of a win when neither the hidden intent nor the reply time is known: the mean over both."""
    nodes, weights = normal_nodes()
    total = np.zeros_like(shown)
    for reply, reply_weight in _reply_effects(settings.staff, arrivals):
        for node, weight in zip(nodes, weights, strict=True):
            total += reply_weight * weight * probability(shown + settings.hidden_intent * node + reply)
    return np.minimum(total, 1.0)  # weights add up to 1 but for rounding


def _reply_effects(staff: Staff | None, arrivals: Seconds) -> list[tuple[Floats, float]]:
    """What reply times do to each lead's log-odds, and how much each counts."""
    if staff is None or staff.effect == 0:
        return [(np.zeros(len(arrivals)), 1.0)]
    until_open, load = hours_until_open(staff, arrivals), staff_loads(staff, arrivals)
    never = reply_log_odds(staff, np.full(len(arrivals), NEVER_ANSWERED_HOURS))
    effects = [(never, staff.never)]
    for node, weight in zip(*normal_nodes(), strict=True):
        hours = reply_hours(staff, until_open, load, np.full(len(arrivals), node))
        effects.append((reply_log_odds(staff, hours), (1 - staff.never) * float(weight)))
    return effects
