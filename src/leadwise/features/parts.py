"""A history in parts of whole leads, so that memory stays bounded and several processors have something to do."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from leadwise.domain.history import OUTCOMES, History


@dataclass(frozen=True)
class Part:
    """The moments of some leads, with all that is on record of these; its tables are cut out when they are asked for.

    Whoever works on a part cuts it out, so that several do so at once.

    Args:
        whole: What is on record of all leads.
        every_moment: `lead` and `as_of` of all.
        first: The lowest number of a lead of the part.
        end: The lowest number beyond.
    """

    whole: History
    every_moment: pa.Table
    first: int
    end: int

    @property
    def history(self) -> History:
        """What is on record of the part's leads; without outcomes, as no feature is made of them."""
        whole = self.whole
        facts = self._cut(whole.leads), self._cut(whole.statements), self._cut(whole.events)
        return History(*facts, OUTCOMES.empty_table())

    @property
    def moments(self) -> pa.Table:
        """The part's moments, in the order of all."""
        return self._cut(self.every_moment)

    @property
    def places(self) -> NDArray[np.int64]:
        """Where these stand among all."""
        return np.flatnonzero(self._has(self.every_moment).to_numpy())

    def _cut(self, table: pa.Table) -> pa.Table:
        return table.filter(self._has(table)).combine_chunks()

    def _has(self, table: pa.Table) -> "pa.ChunkedArray[Any]":
        lead: Any = table["lead"]
        first, end = pa.scalar(self.first, pa.int64()), pa.scalar(self.end, pa.int64())
        has: pa.ChunkedArray[Any] = pc.and_(pc.greater_equal(lead, first), pc.less(lead, end))
        return has


def split(history: History, moments: pa.Table, most: int) -> list[Part]:
    """Parts of about so many moments; those of one lead are in one part.

    Args:
        history: All that is on record of these leads, or of more.
        moments: `lead` and `as_of`, in any order; at least one.
        most: So many moments are in a part; more where one lead has more.
    """
    leads = np.sort(moments["lead"].to_numpy())
    first = np.unique(leads[::most]).tolist()
    ends = [*first[1:], int(leads[-1]) + 1]
    return [Part(history, moments, *each) for each in zip(first, ends, strict=True)]
