"""All that was known of the customers at the end of a day."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.clv.summary import PurchaseSummary
from leadwise.training.clv_ledger import Ledger, Purchases, Whole, known_customers, summarise

BEGINNING = -(10**6)
"""A day before all others, in days since 1970-01-01."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Customers as they were known at the end of a day; what came later is not in it. Equal only to itself.

    Args:
        as_of: The day, in days since 1970-01-01.
        unit_days: Days in the summary's unit of time.
        purchases: Until then.
        customers: Who had bought, as positions in the ledger's names, ascending; all arrays by customer follow it.
        summary: What BG/NBD and Gamma-Gamma know of them.
    """

    as_of: int
    unit_days: int
    purchases: Purchases
    customers: Whole
    summary: PurchaseSummary

    @classmethod
    def of(cls, ledger: Ledger, as_of: int, unit_days: int) -> Self:
        """The snapshot of a ledger."""
        purchases = ledger.purchases(BEGINNING, as_of)
        summary = summarise(purchases, as_of, unit_days)
        return cls(as_of, unit_days, purchases, known_customers(purchases), summary)

    @property
    def paying_repeaters(self) -> int:
        """How many customers came back and paid."""
        return int((self.summary.has_repeated & (self.summary.mean_value > 0)).sum())

    def recent(self, days: int, *, repeats_only: bool = False) -> tuple[Floats, Floats]:
        """Purchases and money of each customer in the last so many days: two arrays of shape (customers,).

        Args:
            days: How many, the day of the snapshot included.
            repeats_only: Whether first purchases are left out.
        """
        counted = self.purchases.day > self.as_of - days
        latest = self.purchases.take(counted & ~self.purchases.starts if repeats_only else counted)
        position = np.searchsorted(self.customers, latest.customer)
        count = np.bincount(position, minlength=len(self.customers)).astype(np.float64)
        return count, np.bincount(position, weights=latest.amount, minlength=len(self.customers)).astype(np.float64)


def history_frame(snapshot: Snapshot, window_days: int) -> Frame:
    """Recency, frequency, money, age and trends of each customer, for trees; times in days.

    Trends are the purchases and the money of the last window, of its newer half and of its newest quarter.

    Args:
        snapshot: What was known.
        window_days: How far the target looks ahead.
    """
    columns = _standing(snapshot)
    for share in (1, 2, 4):
        days = max(window_days // share, 1)
        count, money = snapshot.recent(days)
        columns |= {f"purchases in 1/{share} window": count, f"money in 1/{share} window": money}
    features = tuple(Feature(name, name) for name in columns)
    return Frame(features, np.column_stack(list(columns.values())))


def _standing(snapshot: Snapshot) -> dict[str, Floats]:
    """What is true of a customer's whole history; no gap (NaN) for one-time buyers."""
    summary, amount = snapshot.summary, snapshot.purchases.amount
    starts = np.flatnonzero(snapshot.purchases.starts)
    ends = np.append(starts[1:], len(amount)) - 1
    since_last = (summary.age - summary.recency) * snapshot.unit_days
    gap = summary.recency * snapshot.unit_days / np.where(summary.has_repeated, summary.frequency, np.nan)
    total = np.add.reduceat(amount, starts)
    return {
        "days since last purchase": since_last,
        "age in days": summary.age * snapshot.unit_days,
        "purchases": summary.frequency + 1,
        "money": total,
        "mean amount": total / (summary.frequency + 1),
        "first amount": amount[starts],
        "last amount": amount[ends],
        "mean gap in days": gap,
        "gaps since last purchase": since_last / gap,
    }
