"""What each delivery says of a lead in one row, for whoever reads few fields of many leads."""

from alembic import op

revision = "0008"
down_revision = "0007"

DELIVERIES = """
-- One row per delivery of a lead, and per change of a field. A lead's arrival speaks of the instant at which it came,
-- a later delivery of the instant at which it was recorded, and an event of kind field_changed of the instant at which
-- it occurred.
CREATE VIEW deliveries WITH (security_invoker = true) AS
SELECT leads.organisation_id, leads.entity, coalesce(leads.merged_into, leads.id) AS lead_id, leads.id AS said_of,
    statements.fields,
    CASE WHEN is_arrival THEN statements.occurred_at ELSE statements.recorded_at END AS occurred_at,
    statements.recorded_at, leads.merged_at, is_arrival, leads.source, '' AS external_id, statements.digest
FROM statements
JOIN leads ON leads.id = statements.lead_id
CROSS JOIN LATERAL (
    SELECT (statements.recorded_at, statements.occurred_at, statements.fields)
        = (leads.recorded_at, leads.occurred_at, leads.fields) AS is_arrival
) AS arrival
UNION ALL
SELECT leads.organisation_id, leads.entity, coalesce(leads.merged_into, leads.id), leads.id,
    jsonb_build_object(events.fields ->> 'field', coalesce(events.fields -> 'value', 'null')),
    events.occurred_at, events.recorded_at, leads.merged_at, false, events.source, events.external_id, NULL
FROM events
JOIN leads ON leads.id = events.lead_id
WHERE events.kind = 'field_changed' AND events.fields ->> 'field' IS NOT NULL;
GRANT SELECT ON deliveries TO leadwise_service;
"""

FIELD_STATEMENTS = """
-- The same with one row per field.
CREATE OR REPLACE VIEW field_statements WITH (security_invoker = true) AS
SELECT organisation_id, entity, lead_id, said_of, said.key AS field, said.value, occurred_at, recorded_at, is_arrival,
    source, external_id, digest
FROM deliveries
CROSS JOIN LATERAL jsonb_each(fields) AS said;
"""


def upgrade() -> None:
    """Make the view, and the view of single fields from it."""
    for statement in (DELIVERIES, FIELD_STATEMENTS):
        op.get_bind().exec_driver_sql(statement)  # their colons are SQL's own
