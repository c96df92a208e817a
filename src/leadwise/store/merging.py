"""Leads that turn out to be the same: one stands for all of them, and what is said of any is said of that one.

Nothing is moved. Each lead keeps the last word on what it was merged into (`said_merged_into`, by when that was
recorded), and from these words follows who stands for whom (`merged_into`): the end of the chain. So it does not matter
in which order events and merges are delivered. A lead that is said to be merged into itself stands for itself again.
Where a chain ends in a circle, the lead whose word came last stands for all of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from leadwise.store.results import Rejection

_SAY = """
UPDATE leads AS part SET said_merged_into = said.whole, merge_recorded_at = said.recorded_at
FROM (
    SELECT DISTINCT ON (incoming.external_id, incoming.source)
        incoming.source, incoming.external_id, incoming.merged_into, incoming.recorded_at, whole.id AS whole
    FROM incoming
    JOIN leads AS whole
        ON (whole.organisation_id, whole.source, whole.external_id)
        = (:organisation, incoming.source, incoming.merged_into)
    ORDER BY incoming.external_id, incoming.source, incoming.recorded_at DESC, incoming.merged_into
) AS said
WHERE (part.organisation_id, part.source, part.external_id) = (:organisation, said.source, said.external_id)
    AND (part.said_merged_into IS NULL OR said.recorded_at > part.merge_recorded_at
        OR (said.recorded_at = part.merge_recorded_at AND said.merged_into
            < (SELECT external_id FROM leads WHERE id = part.said_merged_into)))
RETURNING part.id
"""

# All whom the words in question can concern: those that stood or stand for each other.
_AFFECTED = """
WITH RECURSIVE affected (id) AS (
    SELECT unnest(CAST(:changed AS bigint[]))
    UNION
    SELECT merged_into FROM leads WHERE id = ANY (:changed) AND merged_into IS NOT NULL
    UNION
    SELECT part.id
    FROM leads AS changed
    JOIN leads AS part ON part.merged_into = coalesce(changed.merged_into, changed.id)
    WHERE changed.id = ANY (:changed)
    UNION
    SELECT tied.id
    FROM affected
    CROSS JOIN LATERAL (
        SELECT said_merged_into AS id FROM leads WHERE leads.id = affected.id AND said_merged_into IS NOT NULL
        UNION ALL
        SELECT leads.id FROM leads WHERE said_merged_into = affected.id
    ) AS tied
)
SELECT id, said_merged_into, merge_recorded_at, source, external_id FROM leads JOIN affected USING (id)
"""

_STAND = """
UPDATE leads SET merged_into = nullif(stands.whole, stands.part), merged_at = stands.since
FROM unnest(CAST(:parts AS bigint[]), CAST(:wholes AS bigint[]), CAST(:since AS timestamptz[]))
    AS stands (part, whole, since)
WHERE leads.id = stands.part
    AND (merged_into, merged_at) IS DISTINCT FROM (nullif(stands.whole, stands.part), stands.since)
"""

_UNMERGED = """
SELECT position, incoming.source, incoming.external_id, incoming.merged_into, whole.id IS NULL AS unknown
FROM incoming
JOIN leads AS part
    ON (part.organisation_id, part.source, part.external_id)
    = (:organisation, incoming.source, incoming.external_id)
LEFT JOIN leads AS whole
    ON (whole.organisation_id, whole.source, whole.external_id)
    = (:organisation, incoming.source, incoming.merged_into)
WHERE incoming.merged_into IS NOT NULL
    AND (whole.id IS NULL OR (part.said_merged_into = whole.id AND whole.id <> part.id AND part.merged_into IS NULL))
ORDER BY position
"""


def merge_leads(connection: Connection, organisation: str) -> list[Rejection]:
    """Merge the incoming leads that say so into the leads whose external id they name; gives what cannot be merged.

    The temporary table needs a column merged_into. Its rows are stored already, and the organisation is held.
    """
    of_organisation = {"organisation": organisation}
    changed = connection.execute(text(_SAY), of_organisation).scalars().all()
    if changed:
        said = {row.id: row for row in connection.execute(text(_AFFECTED), {"changed": changed})}
        wholes, since = zip(*(_stands_for(lead, said) for lead in said), strict=True)
        connection.execute(text(_STAND), {"parts": list(said), "wholes": list(wholes), "since": list(since)})
    return [
        Rejection(row.source, row.external_id, _reason(row), row.position)
        for row in connection.execute(text(_UNMERGED), of_organisation)
    ]


def _stands_for(lead: int, said: Mapping[int, Any]) -> tuple[int, datetime | None]:
    """Who stands for a lead, and since when that is known; None where it stands for itself.

    It is the end of the chain; in a circle, the lead whose word came last, and of several such the first by name.
    """
    passed = [lead]
    while (following := said[passed[-1]].said_merged_into) is not None:
        if following in passed:
            whole = _last_word(passed[passed.index(following) :], said)
            break
        passed.append(following)
    else:
        whole = passed[-1]
    words = passed[: passed.index(whole)]
    return whole, max((said[part].merge_recorded_at for part in words), default=None)


def _last_word(circle: Sequence[int], said: Mapping[int, Any]) -> int:
    by_name = sorted(circle, key=lambda lead: (said[lead].external_id, said[lead].source))
    return max(by_name, key=lambda lead: said[lead].merge_recorded_at)


def _reason(row: Any) -> str:
    if row.unknown:
        return f'It is stored, but there is no lead "{row.merged_into}" to merge it into; import that first.'
    return f'It is stored, but cannot be merged into "{row.merged_into}", which was merged into it.'
