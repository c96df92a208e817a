"""Leads taken out of all snapshots that are kept."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from leadwise.training.feature_store.folders import Folder
from leadwise.training.feature_store.snapshot import FEATURES, TRAINING, Shelf, parquet, shelves_of
from leadwise.training.landmarks import EXTERNAL_ID, SOURCE

Lead = tuple[str, str]
"""(source, external_id)"""


def erase_leads(store: Folder, organisation: str, leads: Sequence[Lead]) -> int:
    """Rewrite each table of an organisation that has rows of these leads, without them; gives how many rows went.

    The caller holds the store alone, until whatever else knew of the leads has forgotten them.
    """
    return sum(_erase(shelf, leads) for shelf in shelves_of(store, organisation))


def _erase(shelf: Shelf, leads: Sequence[Lead]) -> int:
    shelf.remove_leftovers()
    gone = 0
    for snapshot in shelf.list():
        for name in (FEATURES, TRAINING):
            table = shelf.read(snapshot, name)
            rest = _without(table, leads)
            if rest.num_rows < table.num_rows:
                shelf.folder.write(f"{snapshot}/{name}", parquet(rest))
                gone += table.num_rows - rest.num_rows
    return gone


def _without(table: pa.Table, leads: Sequence[Lead]) -> pa.Table:
    for source, external_id in leads:
        table = table.filter(~((pc.field(SOURCE) == source) & (pc.field(EXTERNAL_ID) == external_id)))
    return table
