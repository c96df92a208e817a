"""Of each moment, a digest of all that its features are made of: what keeps it has kept its features.

Facts that become known late, that came with an older stamp, that were changed, taken away, or are of leads that were
merged: all of them show, and nothing has to be told.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from leadwise.domain.history import History
from leadwise.features.engines.duckdb import DuckDBEngine

_ORDER = "row_number() OVER (PARTITION BY lead, occurred_at, recorded_at ORDER BY position)"

_STATEMENT = f"""\
WITH facts AS (
  SELECT lead, greatest(occurred_at, recorded_at) AS known_at,
    hash('event', *COLUMNS(* EXCLUDE (lead, position))) AS digest, {_ORDER} AS place
  FROM events
  UNION ALL
  SELECT lead, greatest(occurred_at, recorded_at), hash('statement', *COLUMNS(* EXCLUDE (lead, position))), {_ORDER}
  FROM statements
), known AS (
  SELECT lead, known_at, sum(sum(hash(digest, place))) OVER (PARTITION BY lead ORDER BY known_at) AS digest
  FROM facts
  GROUP BY lead, known_at
)
SELECT hash(source, external_id, occurred_at, recorded_at, coalesce(known.digest, 0),
  *COLUMNS(moments.* EXCLUDE (row, lead))) AS digest
FROM moments
JOIN leads ON leads.lead = moments.lead
ASOF LEFT JOIN known ON known.lead = moments.lead AND known.known_at <= moments.as_of
ORDER BY row
"""  # noqa: S608 - our own words


def digests(history: History, moments: pa.Table) -> "pa.ChunkedArray[Any]":
    """By moment, a number (uint64) that two moments share only if lead, instant and all that was known are the same.

    Args:
        history: All that is on record of these leads, or of more.
        moments: `lead` and `as_of`, and whatever else features are made of (`features.markets`).
    """
    numbered = moments.append_column("row", pa.array(np.arange(moments.num_rows)))
    tables = {
        "moments": numbered,
        "leads": history.leads,
        "statements": history.statements,
        "events": _numbered(history.events),
    }
    return DuckDBEngine().run(_STATEMENT, tables)["digest"]


def _numbered(events: pa.Table) -> pa.Table:
    """The events without a user's word among the names of columns."""
    own = ["lead", "kind", "occurred_at", "recorded_at", "position"]
    numbers = [name for name in events.column_names if name not in own]
    names = [*own, *(f"number_{place}" for place in range(len(numbers)))]
    return pa.table([events[name] for name in (*own, *numbers)], names=names)
