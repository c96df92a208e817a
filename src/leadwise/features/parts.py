"""A history in parts of whole leads, so that memory stays bounded and several processors have something to do."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.history import OUTCOMES, History

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Some moments, with all that is on record of their leads; its tables are copied when they are asked for.

    Args:
        tables: The whole ones: `leads`, `statements`, `events` and `moments`.
        places: Where the rows of the part stand in each of them.
    """

    tables: dict[str, pa.Table]
    places: dict[str, Places]

    @property
    def history(self) -> History:
        """What is on record of the part's leads; without outcomes, as no feature is made of them."""
        return History(self._take("leads"), self._take("statements"), self._take("events"), OUTCOMES.empty_table())

    @property
    def moments(self) -> pa.Table:
        """The part's moments."""
        return self._take("moments")

    def _take(self, name: str) -> pa.Table:
        return self.tables[name].take(self.places[name])


def split(history: History, moments: pa.Table, most: int) -> list[Part]:
    """Parts of about so many moments; those of one lead are in one part.

    Args:
        history: All that is on record of these leads, or of more.
        moments: `lead` and `as_of`, in any order; at least one.
        most: So many moments are in a part; more where one lead has more.
    """
    first = np.unique(np.sort(moments["lead"].to_numpy())[::most])
    given = {"leads": history.leads, "statements": history.statements, "events": history.events, "moments": moments}
    tables = {name: table.combine_chunks() for name, table in given.items()}  # of which rows are taken much faster
    places = {name: _places(table["lead"], first) for name, table in tables.items()}
    return [Part(tables, {name: each[part] for name, each in places.items()}) for part in range(len(first))]


def _places(leads: "pa.ChunkedArray[Any]", first: Places) -> list[Places]:
    """By part, the rows of its leads, in their order."""
    part = np.searchsorted(first[1:], leads.to_numpy(), side="right").astype(np.min_scalar_type(len(first)))
    order = np.argsort(part, kind="stable")  # by counting, as there are few parts
    return np.split(order, np.cumsum(np.bincount(part, minlength=len(first)))[:-1])
