"""What an import says anew about leads that are stored already: one event per changed field, never an overwrite.

The value of a field that counts is the one recorded last: on the lead's row or in an event of kind `field_changed`. An
incoming value is a change if it differs from the one before it and was not recorded earlier. The same change delivered
twice is one, because the event's external id is made of lead, field, value and instant.
"""

from sqlalchemy import Connection, text

# All incoming rows of the leads of which one may say something new; most leads of a repeated import are not among them.
# Of two imports of the same lead at once, the second waits here, and then sees the events of the first.
_SELECT = """
CREATE TEMPORARY TABLE delivered ON COMMIT DROP AS
WITH of_interest AS MATERIALIZED (
    SELECT DISTINCT leads.id
    FROM incoming
    JOIN leads ON (leads.organisation_id, leads.source, leads.external_id)
        = (:organisation, incoming.source, incoming.external_id)
    WHERE leads.fields || incoming.fields <> leads.fields
        OR EXISTS (SELECT FROM events WHERE lead_id = leads.id AND kind = 'field_changed')
)
SELECT leads.id AS lead_id, leads.source, leads.external_id, leads.recorded_at AS arrived_at, leads.fields AS arrival,
    incoming.recorded_at, incoming.position, incoming.fields
FROM of_interest
JOIN leads USING (id)
JOIN incoming USING (source, external_id)
ORDER BY leads.id
FOR NO KEY UPDATE OF leads
"""

_ADD = """
WITH
-- One statement per field and instant; of several, the last one given.
said AS (
    SELECT DISTINCT ON (lead_id, field, recorded_at)
        lead_id, source, external_id, field, value, recorded_at, position, arrived_at, arrival
    FROM delivered, jsonb_each(fields) AS statement (field, value)
    ORDER BY lead_id, field, recorded_at, position DESC
),
known AS (
    SELECT DISTINCT ON (lead_id, field) lead_id, field, value, recorded_at
    FROM (
        SELECT DISTINCT ON (lead_id, field)
            lead_id, field, arrival -> field AS value, arrived_at AS recorded_at, 0 AS id
        FROM said WHERE arrival ? field
        UNION ALL
        SELECT lead_id, fields ->> 'field', fields -> 'value', recorded_at, id
        FROM events WHERE kind = 'field_changed' AND lead_id IN (SELECT lead_id FROM delivered)
    ) AS statement
    ORDER BY lead_id, field, recorded_at DESC, id DESC
),
in_order AS (
    SELECT said.*,
        coalesce(lag(said.value) OVER (PARTITION BY lead_id, field ORDER BY said.recorded_at), known.value) AS before
    FROM said LEFT JOIN known USING (lead_id, field)
    WHERE said.recorded_at >= coalesce(known.recorded_at, arrived_at)
        -- The lead's own row, delivered again.
        AND NOT (said.recorded_at = arrived_at AND arrival -> field IS NOT DISTINCT FROM said.value)
),
changes AS (
    SELECT lead_id, source, field, value, recorded_at, position, 'field_changed:' || encode(sha256(convert_to(
        jsonb_build_array(source, external_id, field, value, extract(epoch FROM recorded_at))::text, 'UTF8'
    )), 'hex') AS event_id
    FROM in_order
    WHERE value IS DISTINCT FROM before
),
news AS (
    SELECT * FROM changes
    WHERE NOT EXISTS (
        SELECT FROM events
        WHERE (events.organisation_id, events.source, events.external_id) = (:organisation, changes.source, event_id)
    )
),
stored AS (
    INSERT INTO events (organisation_id, lead_id, source, external_id, kind, occurred_at, recorded_at, fields)
    SELECT :organisation, lead_id, source, event_id, 'field_changed', recorded_at, recorded_at,
        jsonb_build_object('field', field, 'value', value)
    FROM news
    ORDER BY event_id
)
SELECT count(DISTINCT position) FROM news
"""


def add_field_changes(connection: Connection, organisation: str) -> int:
    """Store as events what the incoming leads say anew; gives the number of incoming rows that did."""
    of_organisation = {"organisation": organisation}
    connection.execute(text(_SELECT), of_organisation)
    connection.execute(text("ANALYZE delivered"))
    changed = connection.execute(text(_ADD), of_organisation).scalar_one()
    connection.execute(text("DROP TABLE delivered"))
    return int(changed)
