"""When what was known was told anew, so that what was made of it can be kept until then."""

from alembic import op

revision = "0006"
down_revision = "0005"

PAST_CHANGES = """
-- By the day (UTC) from which on something else was known of leads' fields, the last transaction that made it so.
CREATE TABLE past_changes (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    known_on date NOT NULL,
    changed_by bigint NOT NULL,
    PRIMARY KEY (organisation_id, known_on)
);
GRANT SELECT, INSERT, UPDATE ON past_changes TO leadwise_service;
ALTER TABLE past_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON past_changes TO leadwise_service
    USING (organisation_id = current_setting('leadwise.organisation'));

-- What is known at the very beginning of a day belongs to the day before.
CREATE FUNCTION note_past_change(organisation text, known_at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO past_changes
    VALUES (organisation, ((known_at - interval '1 microsecond') AT TIME ZONE 'UTC')::date,
        pg_current_xact_id()::text::bigint)
    ON CONFLICT (organisation_id, known_on) DO UPDATE SET changed_by = EXCLUDED.changed_by
    WHERE past_changes.changed_by <> EXCLUDED.changed_by
$$;
"""

STATEMENTS = """
CREATE FUNCTION note_statements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_past_change(organisation_id, min(added.recorded_at))
    FROM added JOIN leads ON leads.id = added.lead_id GROUP BY organisation_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER statements_are_noted AFTER INSERT ON statements REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_statements();
"""

FIELD_CHANGES = """
CREATE FUNCTION note_field_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_past_change(NEW.organisation_id, greatest(NEW.occurred_at, NEW.recorded_at));
    RETURN NULL;
END
$$;
CREATE TRIGGER field_changes_are_noted AFTER INSERT ON events
    FOR EACH ROW WHEN (NEW.kind = 'field_changed') EXECUTE FUNCTION note_field_change();

CREATE FUNCTION note_other_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_past_change(NEW.organisation_id, '-infinity');
    RETURN NULL;
END
$$;
CREATE TRIGGER other_versions_are_noted AFTER UPDATE ON events
    FOR EACH ROW WHEN (OLD.kind = 'field_changed' OR NEW.kind = 'field_changed') EXECUTE FUNCTION note_other_version();
"""

LEADS = """
-- Leads that are merged, erased or said to have arrived otherwise change all that was ever known.
CREATE FUNCTION note_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_past_change(organisation_id, '-infinity') FROM (SELECT DISTINCT organisation_id FROM before) AS each;
    RETURN NULL;
END
$$;
CREATE TRIGGER changed_leads_are_noted AFTER UPDATE ON leads REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION note_leads();
CREATE TRIGGER erased_leads_are_noted AFTER DELETE ON leads REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION note_leads();

CREATE FUNCTION note_all_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_past_change(id, '-infinity') FROM organisations;
    RETURN NULL;
END
$$;
CREATE TRIGGER all_leads_are_noted AFTER TRUNCATE ON leads FOR EACH STATEMENT EXECUTE FUNCTION note_all_leads();
"""


def upgrade() -> None:
    """Make the table, and the triggers that fill it."""
    for statement in (PAST_CHANGES, STATEMENTS, FIELD_CHANGES, LEADS):
        op.get_bind().exec_driver_sql(statement)  # their colons are SQL's own
