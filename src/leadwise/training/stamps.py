"""Dated facts of leads, counted and summed up to instants."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.frame import Floats

Whole = NDArray[np.int64]


def whole(table: pa.Table, *names: str) -> tuple[Whole, ...]:
    """Columns of whole numbers as arrays."""
    return tuple(np.asarray(table[name].to_numpy(), dtype=np.int64) for name in names)


class Stamps:
    """Facts of leads in the order of their stamps.

    Args:
        lead: Of whom each fact is.
        at: Its stamp, in microseconds since 1970.

    >>> stamps = Stamps(np.array([7, 7, 9]), np.array([10, 20, 10]))
    >>> stamps.sums(np.ones(3), np.array([7, 7, 7, 8]), np.array([9, 10, 20, 99])).tolist()
    [0.0, 1.0, 2.0, 0.0]
    """

    def __init__(self, lead: Whole, at: Whole) -> None:
        self._leads, self._times = np.unique(lead), np.unique(at)
        key = self._key(lead, at)
        self._order = np.argsort(key, kind="stable")
        self._keys = key[self._order]

    def sums(self, values: Floats, lead: Whole, until: Whole) -> Floats:
        """The sum of the values of each lead's facts up to an instant, that instant among them."""
        if not len(self._keys):
            return np.zeros(len(lead))
        total = np.concatenate([[0.0], np.cumsum(values[self._order])])
        known = self._leads[np.minimum(np.searchsorted(self._leads, lead), len(self._leads) - 1)] == lead
        first = np.searchsorted(self._keys, self._key(lead, np.full(len(lead), np.iinfo(np.int64).min)), "right")
        last = np.searchsorted(self._keys, self._key(lead, until), "right")
        return np.where(known, total[last] - total[first], 0.0)

    def _key(self, lead: Whole, at: Whole) -> Whole:
        """One number that orders facts by lead, and those of a lead by time."""
        place = np.searchsorted(self._leads, lead)
        return place * (len(self._times) + 1) + np.searchsorted(self._times, at, "right")
