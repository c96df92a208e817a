"""Events that come in by the million, and merges whose order of delivery does not matter.

The key of events begins with what differs, and no lead is checked event by event.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

KEY = """
-- Organisation and source are the same for most events, so that comparing them first takes time and tells nothing.
ALTER TABLE events DROP CONSTRAINT events_pkey;
ALTER TABLE events ADD PRIMARY KEY (external_id, source, organisation_id);
"""

LEADS_OF_EVENTS = """
-- The only statement that stores events takes their lead from a join with leads, while nobody can erase one. Checking
-- each event's lead again took a third of the time of an import. Events go with their leads as before.
ALTER TABLE events DROP CONSTRAINT events_lead_id_fkey;

CREATE FUNCTION delete_events_of_leads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM events USING gone WHERE events.lead_id = gone.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER leads_take_their_events AFTER DELETE ON leads REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION delete_events_of_leads();

CREATE FUNCTION delete_all_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE events;
    RETURN NULL;
END
$$;
CREATE TRIGGER leads_take_all_events AFTER TRUNCATE ON leads
    FOR EACH STATEMENT EXECUTE FUNCTION delete_all_events();
"""

MERGES = """
-- The last word on what a lead was merged into, by when it was recorded; merged_into follows from all of them.
ALTER TABLE leads ADD COLUMN said_merged_into bigint REFERENCES leads ON DELETE CASCADE;
ALTER TABLE leads ADD COLUMN merge_recorded_at timestamptz;
-- Since when it is known that the other lead stands for this one: what is said of this one is known of that one then.
ALTER TABLE leads ADD COLUMN merged_at timestamptz;
UPDATE leads SET said_merged_into = merged_into, merge_recorded_at = recorded_at, merged_at = recorded_at
WHERE merged_into IS NOT NULL;
CREATE INDEX leads_said_merged ON leads (said_merged_into) WHERE said_merged_into IS NOT NULL;
"""


def upgrade() -> None:
    """Change the tables of events and leads."""
    op.execute(KEY)
    op.execute(LEADS_OF_EVENTS)
    op.execute(MERGES)
