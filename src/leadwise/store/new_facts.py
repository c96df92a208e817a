"""Whose facts are newer than an instant: cheap to ask of many leads at once."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, text

Seen = tuple[datetime, datetime]
"""Up to when facts had been looked at: the instant that a score is of, and when it was computed."""

_NEW = """
WITH looked AS (
    SELECT * FROM unnest(CAST(:leads AS bigint[]), CAST(:as_of AS timestamptz[]), CAST(:recorded_at AS timestamptz[]))
        AS looked (lead_id, as_of, recorded_at)
), parts AS (
    SELECT leads.id, looked.* FROM looked JOIN leads ON leads.id = looked.lead_id
    UNION ALL
    SELECT leads.id, looked.* FROM looked JOIN leads ON leads.merged_into = looked.lead_id
)
SELECT DISTINCT lead_id FROM parts
WHERE EXISTS (
    SELECT FROM events
    WHERE events.lead_id = parts.id AND greatest(events.occurred_at, events.recorded_at) <= CAST(:until AS timestamptz)
        AND (events.occurred_at > parts.as_of OR events.recorded_at > least(parts.as_of, parts.recorded_at))
) OR EXISTS (
    SELECT FROM statements
    WHERE statements.lead_id = parts.id
        AND greatest(statements.occurred_at, statements.recorded_at) <= CAST(:until AS timestamptz)
        AND (statements.occurred_at > parts.as_of OR statements.recorded_at > least(parts.as_of, parts.recorded_at))
)
"""


def find_leads_with_news(connection: Connection, seen: Mapping[int, Seen], until: datetime) -> set[int]:
    """The numbers of those leads of which something was learnt.

    Args:
        connection: Whose transaction.
        seen: By a lead's number, up to when its facts had been looked at.
        until: Facts that became visible later do not matter.
    """
    if not seen:
        return set()
    stamps: Iterable[Seen] = seen.values()
    as_of, recorded_at = zip(*stamps, strict=True)
    given = {"leads": list(seen), "as_of": list(as_of), "recorded_at": list(recorded_at), "until": until}
    return set(connection.execute(text(_NEW), given).scalars())
