"""The known process behind a simulated sale: what a lead shows, what it hides, and how fast it is answered.

The log-odds of a sale within the horizon are `base + effects of the fields + hidden intent + effect of the reply time`.
Hidden intent and reply time are drawn independently of each other and of the fields, so answering faster causes sales,
to the degree that the settings say, and nothing else explains the difference.
"""

from dataclasses import dataclass

import numpy as np

from leadwise.blueprints.definition import SimulatorSettings
from leadwise.blueprints.simulator_arrivals import Floats

FAR_AWAY_KM = 100
NEVER_ANSWERED_HOURS = 14 * 24.0
"""The reply time that stands for none."""

_MESSAGE_CHARACTERS = (90.0, 0.9)
_DISTANCE_KM = (25.0, 1.0)
_PRICE_AGAINST_MARKET = (100.0, 7.0)
"""Median and spread: the logarithm's standard deviation of the first two, the plain one of the last."""


@dataclass(frozen=True)
class Shown:
    """What the leads show on arrival; one entry per lead in each array. Numbers are standardised."""

    message: Floats
    distance: Floats
    price: Floats
    asks_financing: Floats
    has_trade_in: Floats
    phone_given: Floats

    @property
    def message_characters(self) -> Floats:
        """Length of the first message."""
        median, spread = _MESSAGE_CHARACTERS
        return np.rint(median * np.exp(spread * self.message))

    @property
    def distance_km(self) -> Floats:
        """Distance between buyer and dealership."""
        median, spread = _DISTANCE_KM
        return np.rint(median * np.exp(spread * self.distance))

    @property
    def price_against_market(self) -> Floats:
        """Asking price in percent of the market's."""
        mean, spread = _PRICE_AGAINST_MARKET
        return mean + spread * self.price


def draw_shown(rng: np.random.Generator, count: int) -> Shown:
    """What that many leads show."""
    message, distance, price = rng.standard_normal((3, count))
    financing, trade_in, phone = rng.random((3, count))
    return Shown(
        message=message,
        distance=distance,
        price=price,
        asks_financing=(financing < 0.3).astype(float),  # noqa: PLR2004 - shares of leads
        has_trade_in=(trade_in < 0.25).astype(float),  # noqa: PLR2004
        phone_given=(phone < 0.6).astype(float),  # noqa: PLR2004
    )


def shown_log_odds(settings: SimulatorSettings, shown: Shown) -> Floats:
    """The base and the effects of the fields, for each lead."""
    effects = settings.effects
    return (
        settings.base_log_odds
        + effects.message_length * shown.message
        + effects.distance * shown.distance
        + effects.far_away * (shown.distance_km > FAR_AWAY_KM)
        + effects.price_against_market * shown.price
        + effects.asks_financing * shown.asks_financing
        + effects.has_trade_in * shown.has_trade_in
        + effects.phone_given * shown.phone_given
    )


def reply_log_odds(settings: SimulatorSettings, hours: Floats) -> Floats:
    """What a reply after that many hours does to the log-odds: so much per doubling, from 15 minutes on."""
    return settings.reply_effect * np.log2(1 + hours / 0.25)


def reply_hours(settings: SimulatorSettings, until_open: Floats, load: Floats, standard_normal: Floats) -> Floats:
    """Hours until the reply: until somebody is there, and then as long as the load and chance make it."""
    return until_open + settings.reply_median_hours * load * np.exp(settings.reply_spread * standard_normal)


def probability(log_odds: Floats) -> Floats:
    """The logistic function."""
    return 1 / (1 + np.exp(-log_odds))


def probability_on_arrival(settings: SimulatorSettings, shown: Floats, until_open: Floats, load: Floats) -> Floats:
    """The chance of a sale when neither the hidden intent nor the reply time is known: the mean over both.

    Both means are taken by Gauss-Hermite quadrature with 15 nodes (Abramowitz and Stegun 25.4.46).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    weights = weights / weights.sum()
    total = np.zeros_like(shown)
    for intent, intent_weight in zip(settings.hidden_intent * nodes, weights, strict=True):
        never = probability(shown + intent + reply_log_odds(settings, np.full_like(shown, NEVER_ANSWERED_HOURS)))
        total += intent_weight * settings.never_answered * never
        for node, weight in zip(nodes, weights, strict=True):
            hours = reply_hours(settings, until_open, load, np.full_like(shown, node))
            answered = probability(shown + intent + reply_log_odds(settings, hours))
            total += intent_weight * weight * (1 - settings.never_answered) * answered
    return total
