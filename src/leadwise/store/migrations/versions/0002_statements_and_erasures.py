"""Histories that do not depend on the order of delivery: statements, kinds of entities, merged leads, erasures."""

from alembic import op

revision = "0002"
down_revision = "0001"

LEADS = """
ALTER TABLE leads ADD COLUMN entity text NOT NULL DEFAULT 'lead';
-- All that is said of a merged lead counts for this one; erasing that one erases both.
ALTER TABLE leads ADD COLUMN merged_into bigint REFERENCES leads ON DELETE CASCADE;
CREATE INDEX leads_merged ON leads (merged_into) WHERE merged_into IS NOT NULL;
"""

STATEMENTS = """
-- What each delivery says of a lead. All are kept, so that late ones find their place between the others.
CREATE TABLE statements (
    lead_id bigint NOT NULL REFERENCES leads ON DELETE CASCADE,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    fields jsonb NOT NULL,
    digest bigint NOT NULL GENERATED ALWAYS AS (jsonb_hash_extended(fields, 0)) STORED,
    PRIMARY KEY (lead_id, recorded_at, occurred_at, digest)
);
INSERT INTO statements (lead_id, occurred_at, recorded_at, fields)
SELECT id, occurred_at, recorded_at, fields FROM leads;
"""

EVENTS = """
-- Millions of events are stored at once. What their lead says of the organisation need not be checked for each, and
-- they are known by the identifier of their source alone.
ALTER TABLE events DROP CONSTRAINT events_organisation_id_fkey;
ALTER TABLE events DROP COLUMN id;
ALTER TABLE events DROP CONSTRAINT events_organisation_id_source_external_id_key;
ALTER TABLE events ADD PRIMARY KEY (organisation_id, source, external_id);
"""

FIELD_STATEMENTS = """
-- One row per field and statement. A lead's arrival speaks of the instant at which it arrived, a later delivery of the
-- instant at which it was recorded, and an event of kind field_changed of the instant at which it occurred.
CREATE VIEW field_statements AS
SELECT leads.organisation_id, leads.entity, coalesce(leads.merged_into, leads.id) AS lead_id, leads.id AS said_of,
    said.key AS field, said.value,
    CASE WHEN is_arrival THEN statements.occurred_at ELSE statements.recorded_at END AS occurred_at,
    statements.recorded_at, is_arrival, leads.source, '' AS external_id, statements.digest
FROM statements
JOIN leads ON leads.id = statements.lead_id
CROSS JOIN LATERAL (
    SELECT (statements.recorded_at, statements.occurred_at, statements.fields)
        = (leads.recorded_at, leads.occurred_at, leads.fields) AS is_arrival
) AS arrival
CROSS JOIN LATERAL jsonb_each(statements.fields) AS said
UNION ALL
SELECT leads.organisation_id, leads.entity, coalesce(leads.merged_into, leads.id), leads.id,
    events.fields ->> 'field', coalesce(events.fields -> 'value', 'null'),
    events.occurred_at, events.recorded_at, false, events.source, events.external_id, NULL
FROM events
JOIN leads ON leads.id = events.lead_id
WHERE events.kind = 'field_changed' AND events.fields ->> 'field' IS NOT NULL;
"""

NUMBERS = """
-- The number that a text is, null if it is none: never an error, whatever the text.
CREATE FUNCTION number_of(said text) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN length(said) <= 200 AND said ~ '^ *[-+]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][-+]?[0-9]{1,2})? *$'
        THEN said::double precision
    END
$$;
"""

ERASURES = """
-- Receipts. They name nobody: an identifier can be compared with a hash, but not read from it.
ALTER TABLE organisations ADD COLUMN erasure_salt uuid NOT NULL DEFAULT gen_random_uuid();
CREATE TABLE erasures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    recorded_at timestamptz NOT NULL,
    erased_by text NOT NULL,
    identifier_hash text NOT NULL,
    counts jsonb NOT NULL,
    readmitted_at timestamptz
);
CREATE INDEX erasures_by_identifier ON erasures (organisation_id, identifier_hash);
"""


def upgrade() -> None:
    """Make the tables, and turn what each lead said on arrival into its first statement."""
    for statement in (LEADS, STATEMENTS, EVENTS, FIELD_STATEMENTS, NUMBERS, ERASURES):
        # Their colons and percent signs are SQL's own.
        op.get_bind().exec_driver_sql(statement)
