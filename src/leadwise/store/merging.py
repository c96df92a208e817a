"""Leads that turn out to be the same: one stands for both, and what is said of either is said of that one.

Nothing is moved. A merged lead names the one that stands for it, and whoever reads takes what is said of a merged lead
as said of that one: so it does not matter whether events are delivered before the merge or after it.
"""

from sqlalchemy import Connection, text

from leadwise.store.results import Rejection

_FIND = """
SELECT DISTINCT ON (part.source, part.external_id)
    position, part.source, part.external_id, incoming.merged_into, part.id AS part, whole.id AS whole
FROM incoming
JOIN leads AS part
    ON (part.organisation_id, part.source, part.external_id)
    = (:organisation, incoming.source, incoming.external_id)
LEFT JOIN leads AS whole
    ON (whole.organisation_id, whole.source, whole.external_id)
    = (:organisation, incoming.source, incoming.merged_into)
WHERE incoming.merged_into IS NOT NULL
ORDER BY part.source, part.external_id, incoming.recorded_at DESC, incoming.merged_into
"""

# Whoever was merged into the part follows it, so that no chain is ever longer than one.
_MERGE = """
UPDATE leads SET merged_into = whole.id
FROM (SELECT coalesce(merged_into, id) AS id FROM leads WHERE id = :whole) AS whole
WHERE (leads.id = :part OR leads.merged_into = :part) AND whole.id <> :part
RETURNING leads.id
"""


def merge_leads(connection: Connection, organisation: str) -> list[Rejection]:
    """Merge the incoming leads that say so into the leads whose external id they name; gives what cannot be merged.

    The temporary table needs a column merged_into. Its rows are stored already.
    """
    rejected = []
    for row in connection.execute(text(_FIND), {"organisation": organisation}).all():
        if row.whole is None:
            reason = f'It is stored, but there is no lead "{row.merged_into}" to merge it into; import that first.'
        elif connection.execute(text(_MERGE), {"part": row.part, "whole": row.whole}).all():
            continue
        else:
            reason = f'It is stored, but cannot be merged into "{row.merged_into}", which was merged into it.'
        rejected.append(Rejection(row.source, row.external_id, reason, row.position))
    return rejected
