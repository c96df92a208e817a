"""Transactions by customer and day, and what of them was known at an instant."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.models.clv.summary import PurchaseSummary

Whole = NDArray[np.int64]
ROUNDING = 1e-9
"""A share of the amount before refunds that counts as nothing left."""


def day_name(day: int) -> str:
    """A day as people read it, from days since 1970-01-01.

    >>> day_name(10_134)
    '1997-09-30'
    """
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()


@dataclass(frozen=True)
class Purchases:
    """Days with purchases, sorted by customer and day; arrays of shape (purchases,).

    Args:
        customer: Position in the ledger's names.
        day: Days since 1970-01-01.
        amount: What was paid that day, less what was refunded of it.
    """

    customer: Whole
    day: Whole
    amount: Floats

    def take(self, rows: NDArray[np.bool_]) -> Self:
        """Those purchases."""
        return type(self)(self.customer[rows], self.day[rows], self.amount[rows])

    @property
    def starts(self) -> NDArray[np.bool_]:
        """Which are a customer's first."""
        return np.append(True, self.customer[1:] != self.customer[:-1])[: len(self.customer)]


@dataclass(frozen=True)
class Ledger:
    """All transactions of a file, summed by customer and day; arrays of shape (customer-days,), sorted by both.

    Args:
        names: Customers, sorted; the arrays hold positions among them.
        appearance: Positions of the customers in the order in which the file first names them.
        customer: Whose day it is.
        day: Days since 1970-01-01, in UTC.
        paid: Sum of the amounts from 0 up.
        refunded: Sum of the amounts below 0, as a positive number.
        bought: Whether there was an amount from 0 up.
    """

    names: NDArray[Any]
    appearance: Whole
    customer: Whole
    day: Whole
    paid: Floats
    refunded: Floats
    bought: NDArray[np.bool_]

    def purchases(self, after: int, until: int) -> Purchases:
        """What was bought after one day and until another, that day included. What comes later has no influence.

        All that a customer buys on a day is one purchase. A refund takes from that day's purchase, or else from the
        customer's purchase before it in this period; a purchase that is refunded entirely is none. A purchase
        for 0 is one.
        """
        rows = (self.day > after) & (self.day <= until)
        customer, bought = self.customer[rows], self.bought[rows]
        group = np.cumsum(bought) - 1
        first = np.flatnonzero(bought)
        owner = np.append(customer[first], -1)[group]
        belongs = owner == customer
        paid, refunded = (
            np.bincount(group[belongs], weights=sums[rows][belongs], minlength=len(first))
            for sums in (self.paid, self.refunded)
        )
        left = (paid - refunded).astype(np.float64)
        kept = (refunded == 0) | (left > ROUNDING * paid)
        return Purchases(customer[first], self.day[rows][first], left).take(kept)

    def totals(self, customers: Whole, after: int, until: int) -> tuple[Floats, Floats]:
        """Purchases and money of these customers after one day and until another: two arrays of shape (customers,)."""
        period = self.purchases(after, until)
        count = np.bincount(period.customer, minlength=len(self.names))
        money = np.bincount(period.customer, weights=period.amount, minlength=len(self.names))
        return count[customers].astype(np.float64), money[customers].astype(np.float64)

    @property
    def first_day(self) -> int:
        """The day of the first transaction."""
        return int(self.day.min())

    @property
    def last_day(self) -> int:
        """The day of the newest transaction."""
        return int(self.day.max())


def known_customers(purchases: Purchases) -> Whole:
    """Positions of the customers who have bought, ascending; other arrays by customer are in this order."""
    return purchases.customer[purchases.starts]


def summarise(purchases: Purchases, as_of: int, unit_days: int) -> PurchaseSummary:
    """Frequency, recency, age and mean value of each known customer.

    Days with purchases count once, as in the literature; times are differences of days, in the unit.

    Args:
        purchases: Until `as_of`.
        as_of: The day at whose end this is known.
        unit_days: Days in the unit of time: 1 or 7.

    >>> days = Purchases(np.array([0, 0, 0, 1]), np.array([10, 17, 38, 40]), np.array([5.0, 10.0, 20.0, 7.0]))
    >>> found = summarise(days, 45, unit_days=7)
    >>> found.frequency.tolist(), found.recency.tolist(), found.age.round(2).tolist(), found.mean_value.tolist()
    ([2.0, 0.0], [4.0, 0.0], [5.0, 0.71], [15.0, 0.0])
    """
    starts = np.flatnonzero(purchases.starts)
    count = np.diff(np.append(starts, len(purchases.day)))
    first, last = purchases.day[starts], purchases.day[starts + count - 1]
    repeat = np.add.reduceat(purchases.amount, starts) - purchases.amount[starts] if len(starts) else np.zeros(0)
    return PurchaseSummary(
        frequency=(count - 1).astype(np.float64),
        recency=(last - first) / unit_days,
        age=(as_of - first) / unit_days,
        mean_value=np.maximum(repeat, 0.0) / np.maximum(count - 1, 1),
    )
