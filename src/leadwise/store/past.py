"""Whether what was known at the beginning of a day is still what was known then: late facts, merges, erasures."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, text

# Rows of past_changes come with the facts that they tell of, in one transaction: whoever sees these sees those.
_MARKS = """
SELECT day, coalesce(md5(string_agg(concat_ws(' ', known_on, changed_by), ',' ORDER BY known_on)), '')
FROM unnest(CAST(:days AS date[])) AS day
LEFT JOIN past_changes ON organisation_id = :organisation AND known_on < day
GROUP BY day
"""


def find_marks(connection: Connection, organisation: str, days: Sequence[date]) -> dict[date, str]:
    """For the beginning (UTC) of each day, a mark that changes as soon as something else was known of leads' fields.

    What is read in the same transaction after a mark is as new as the mark, or newer.
    """
    found = connection.execute(text(_MARKS), {"organisation": organisation, "days": list(days)})
    return {row[0]: row[1] for row in found}


_CHANGES = """
SELECT greatest(known_on, :first), changed_by FROM past_changes WHERE organisation_id = :organisation
UNION ALL
SELECT :first, CAST(1000000 * extract(epoch FROM recorded_at) AS bigint) FROM organisations WHERE id = :organisation
"""


def list_changes(connection: Connection, organisation: str) -> frozenset[tuple[date, int]]:
    """What `find_marks` marks, for all days: by the day (UTC) from which on something else was known, what made it so.

    The first day that there is stands for all days. An organisation that is begun anew has changed on all.
    """
    found = connection.execute(text(_CHANGES), {"organisation": organisation, "first": date.min})
    return frozenset((row[0], row[1]) for row in found)
