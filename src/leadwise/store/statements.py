"""What deliveries say of leads' fields: every one is kept, and what changed is seen when they are read in order.

So the order in which deliveries come does not matter: a late one finds its place between those before and after it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_NEWS = """
CREATE TEMPORARY TABLE news ON COMMIT DROP AS
SELECT DISTINCT leads.id AS lead_id, incoming.occurred_at, incoming.recorded_at, incoming.fields,
    jsonb_hash_extended(incoming.fields, 0) AS digest
FROM incoming
JOIN leads ON (leads.organisation_id, leads.source, leads.external_id)
    = (:organisation, incoming.source, incoming.external_id)
WHERE NOT EXISTS (
    SELECT FROM statements
    WHERE (lead_id, statements.recorded_at, statements.occurred_at, digest)
        = (leads.id, incoming.recorded_at, incoming.occurred_at, jsonb_hash_extended(incoming.fields, 0))
)
"""

_ADD = """
INSERT INTO statements (lead_id, occurred_at, recorded_at, fields)
SELECT lead_id, occurred_at, recorded_at, fields FROM news
ORDER BY lead_id, recorded_at, occurred_at
ON CONFLICT DO NOTHING
"""

# A field changes where its value differs from the one before. Leads of which all was said at once have no changes.
_CHANGES = """
SELECT lead_id, said_of, source, field, value, occurred_at, recorded_at, digest, position
FROM (
    SELECT *, lag(value) OVER in_order AS before, row_number() OVER in_order AS position
    FROM field_statements
    WHERE lead_id IN ({leads}) AND greatest(occurred_at, recorded_at) <= CAST(:as_of AS timestamptz)
    WINDOW in_order AS (
        PARTITION BY lead_id, field
        ORDER BY occurred_at, recorded_at, is_arrival DESC, source COLLATE "C", external_id COLLATE "C", value
    )
) AS said
WHERE external_id = '' AND NOT is_arrival AND value IS DISTINCT FROM before
"""

_IN_THE_NEWS = """
SELECT coalesce(leads.merged_into, leads.id)
FROM leads
JOIN statements ON statements.lead_id = leads.id
WHERE leads.id IN (SELECT lead_id FROM news)
GROUP BY leads.id
HAVING count(*) > 1 OR leads.merged_into IS NOT NULL
"""

_COUNT_CHANGED = f"""
SELECT count(DISTINCT (news.lead_id, news.recorded_at, news.digest))
FROM news
JOIN ({_CHANGES.format(leads=_IN_THE_NEWS)})
    AS changes ON (said_of, changes.recorded_at, changes.digest) = (news.lead_id, news.recorded_at, news.digest)
"""  # noqa: S608 - our own statement

_SPOKEN_OF_TWICE = """
SELECT coalesce(leads.merged_into, leads.id)
FROM leads
LEFT JOIN leads AS whole ON whole.id = leads.merged_into
JOIN statements ON statements.lead_id = leads.id
WHERE leads.organisation_id = :organisation
    AND coalesce(whole.source, leads.source) = coalesce(CAST(:lead_source AS text), whole.source, leads.source)
    AND coalesce(whole.external_id, leads.external_id)
        = coalesce(CAST(:lead_id AS text), whole.external_id, leads.external_id)
GROUP BY 1
HAVING count(*) > 1
"""

_LIST_CHANGES = f"""
SELECT changes.source, leads.source AS lead_source, leads.external_id AS lead_external_id, 'field_changed' AS kind,
    changes.occurred_at, changes.recorded_at, jsonb_build_object('field', field, 'value', value) AS fields,
    -- In the order of what was said, where the stamps are the same.
    concat_ws(':', 'field_changed', lpad(position::text, 9, '0'), leads.external_id, field) AS external_id
FROM ({_CHANGES.format(leads=_SPOKEN_OF_TWICE)}) AS changes
JOIN leads ON leads.id = changes.lead_id
"""  # noqa: S608 - our own statement


def add_statements(connection: Connection, organisation: str) -> int:
    """Keep what the incoming leads say; gives the number of statements that changed a field of a lead."""
    connection.execute(text(_NEWS), {"organisation": organisation})
    connection.execute(text("ANALYZE news"))
    connection.execute(text(_ADD))
    changed = connection.execute(text(_COUNT_CHANGED), {"as_of": "infinity"}).scalar_one()
    connection.execute(text("DROP TABLE news"))
    return int(changed)


def list_changes(
    connection: Connection, organisation: str, as_of: datetime, lead: tuple[str, str] | None
) -> Sequence[RowMapping]:
    """Each change of a field that later deliveries of leads told of by then, as a row of an event."""
    source, external_id = lead or (None, None)
    given: dict[str, Any] = {"organisation": organisation, "as_of": as_of.isoformat()}
    given |= {"lead_source": source, "lead_id": external_id}
    return connection.execute(text(_LIST_CHANGES), given).mappings().all()
