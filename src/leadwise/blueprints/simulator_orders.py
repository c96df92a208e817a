"""Simulated customers who buy until they stop, without saying so.

Schmittlein, Morrison and Colombo, "Counting your customers", Management Science 33, 1987: while active a customer
orders at a rate of its own (Poisson), and stops after an exponential time. The rates are logarithmic normal here, so
that fields can move them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadwise.blueprints.simulator_drawn import Drawn, Floats
from leadwise.blueprints.simulator_ends import DAY_HOURS
from leadwise.blueprints.simulator_intent import normal_nodes
from leadwise.blueprints.simulator_settings import Orders, SimulatorSettings

DAYS_PER_MONTH = 30.0


@dataclass(frozen=True)
class Ordered:
    """The orders of all customers, one entry per order in each array.

    Args:
        lead: The position of the customer.
        hours: When, in hours from the customer's arrival; the first is at 0.
        amount: For how much.
        active_hours: For how long each customer stays active: one entry per customer.
    """

    lead: NDArray[np.int64]
    hours: Floats
    amount: Floats
    active_hours: Floats


def draw_orders(
    rng: np.random.Generator, orders: Orders, log_rate: Floats, amounts: Floats, until_now: Floats
) -> Ordered:
    """The orders of customers up to now.

    Args:
        rng: Chance.
        orders: The settings.
        log_rate: By how much each customer's rate differs from the usual one, hidden intent included; a logarithm.
        amounts: The median amount of customers with such fields.
        until_now: Hours since each customer arrived.
    """
    count = len(log_rate)
    per_day = orders.per_30_days / DAYS_PER_MONTH * np.exp(log_rate)
    stops = np.exp(orders.active_spread * rng.standard_normal(count)) / orders.active_days
    active = rng.exponential(1.0, count) / stops
    days = np.minimum(active, until_now / DAY_HOURS)
    repeats = rng.poisson(np.minimum(per_day * days, 10_000))
    again = np.repeat(np.arange(count), repeats)
    hours = days[again] * rng.random(len(again)) * DAY_HOURS
    lead = np.concatenate([np.arange(count), again])
    own = amounts * np.exp(orders.amount_spread * rng.standard_normal(count))
    amount = np.round(own[lead] * np.exp(orders.order_spread * rng.standard_normal(len(lead))), 2)
    return Ordered(lead, np.concatenate([np.zeros(count), hours]), np.maximum(amount, 0.01), active * DAY_HOURS)


def median_amounts(orders: Orders, fields: dict[str, Drawn], count: int) -> Floats:
    """The median amount of each customer's orders, as far as fields show it."""
    logarithm = np.full(count, np.log(orders.amount_median))
    for name, effect in orders.amount_effects.items():
        logarithm += effect * fields[name].score
    return np.asarray(np.exp(logarithm))


def expected_orders(settings: SimulatorSettings, log_rate: Floats, horizon_days: float) -> tuple[Floats, Floats]:
    """The chance of another order within the horizon after arrival, and the number of orders to expect.

    `log_rate` is as in `draw_orders`, but without hidden intent: means are taken over that and over how long customers
    stay (equations 4 and 10 of the paper with the rates known, and quadrature over the rates).
    """
    orders = settings.orders
    assert orders is not None
    chance, number = np.zeros_like(log_rate), np.zeros_like(log_rate)
    nodes, weights = normal_nodes()
    for node, weight in zip(nodes, weights, strict=True):
        rate = orders.per_30_days / DAYS_PER_MONTH * np.exp(log_rate + settings.hidden_intent * node)
        for other, other_weight in zip(nodes, weights, strict=True):
            stop = np.exp(orders.active_spread * other) / orders.active_days
            both = rate + stop
            none = stop / both + rate / both * np.exp(-both * horizon_days)
            chance += weight * other_weight * (1 - none)
            number += weight * other_weight * rate / stop * -np.expm1(-stop * horizon_days)
    return chance, number


def expected_amounts(orders: Orders, medians: Floats) -> Floats:
    """The mean of logarithmic normal amounts around those medians."""
    return medians * float(np.exp((orders.amount_spread**2 + orders.order_spread**2) / 2))
