"""The service: keys, jobs, audit, feedback, scores of requests, and one organisation's rows for one organisation."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0004"
down_revision = "0003"

KEYS = """
-- Changes of keys are numbered, so that processes notice them by asking for two numbers.
CREATE SEQUENCE api_key_revisions;
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name text NOT NULL,
    roles text[] NOT NULL,
    secret_hash bytea NOT NULL,
    created_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    revision bigint NOT NULL DEFAULT nextval('api_key_revisions')
);
CREATE INDEX api_keys_by_organisation ON api_keys (organisation_id, recorded_at);
"""

AUDIT = """
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_by text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL
);
CREATE INDEX audit_newest ON audit (organisation_id, id DESC);
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

JOBS = """
CREATE TABLE jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    kind text NOT NULL,
    target text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    request jsonb NOT NULL,
    progress jsonb NOT NULL DEFAULT '{}',
    result jsonb,
    error jsonb,
    requested_by text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz
);
-- One of a kind at a time.
CREATE UNIQUE INDEX jobs_at_work ON jobs (organisation_id, kind, target) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_newest ON jobs (organisation_id, recorded_at DESC, id);
"""

QUEUE = """
-- Whoever records a job queues it, in one transaction. That happens as the owner: the role of the service, which sees
-- one organisation, has no right to tables that know of none.
CREATE FUNCTION queue_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[
        ROW('jobs', 'work', 0, NULL, NULL, jsonb_build_object('job', NEW.id), NULL)::procrastinate_job_to_defer_v1
    ]);
    RETURN NULL;
END
$$;
CREATE TRIGGER jobs_are_queued AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION queue_job();
"""

IDEMPOTENCY = """
-- What was answered to a request with an Idempotency-Key; no answer yet means that it is being worked on.
CREATE TABLE idempotency (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (organisation_id, key)
);
CREATE INDEX idempotency_oldest ON idempotency (recorded_at);
"""

FEEDBACK = """
CREATE TABLE feedback (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    lead_id bigint NOT NULL REFERENCES leads ON DELETE CASCADE,
    target text NOT NULL,
    verdict text NOT NULL,
    comment text NOT NULL,
    given_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX feedback_by_lead ON feedback (lead_id);
CREATE INDEX feedback_newest ON feedback (organisation_id, id DESC);
"""

LEDGER = """
-- Scores of features that a caller gave are of no stored lead. `inputs` is a fingerprint of what went in; `change` says
-- why a lead's score differs from the one before.
ALTER TABLE scores ALTER COLUMN lead_id DROP NOT NULL;
ALTER TABLE scores ADD COLUMN inputs text;
ALTER TABLE scores ADD COLUMN change jsonb;
DROP INDEX scores_newest;
CREATE INDEX scores_newest ON scores (organisation_id, target, lead_id, as_of DESC, recorded_at DESC, id DESC)
    WHERE lead_id IS NOT NULL;
DROP INDEX scores_by_lead;
CREATE INDEX scores_by_lead ON scores (lead_id) WHERE lead_id IS NOT NULL;
"""

RETENTION = """
-- What old versions said of themselves, and when they were in production, is kept longer than their files.
ALTER TABLE models ALTER COLUMN artefact DROP NOT NULL;
"""

SERVICE_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'leadwise_service') THEN
        BEGIN
            CREATE ROLE leadwise_service NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database was faster
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'leadwise_service', 'SET') THEN
        EXECUTE 'GRANT leadwise_service TO ' || quote_ident(current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE =
        'let an administrator run: CREATE ROLE leadwise_service NOLOGIN; GRANT leadwise_service TO '
        || quote_ident(current_user) || ';';
END
$$;
"""

ALL_RIGHTS, APPEND_ONLY, READ_ONLY = "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, DELETE", "SELECT"
OF_AN_ORGANISATION = {
    "leads": ALL_RIGHTS,
    "events": ALL_RIGHTS,
    "outcomes": ALL_RIGHTS,
    "scores": APPEND_ONLY,
    "models": ALL_RIGHTS,
    "activations": APPEND_ONLY,
    "erasures": ALL_RIGHTS,
    "api_keys": ALL_RIGHTS,
    "audit": "SELECT, INSERT",
    "jobs": ALL_RIGHTS,
    "idempotency": ALL_RIGHTS,
    "feedback": APPEND_ONLY,
}
"""What the service may do with each table; the column organisation_id says whose a row is."""

ISOLATION = """
-- The views and tables without the column follow the leads that they speak of.
ALTER VIEW field_statements SET (security_invoker = true);
GRANT SELECT ON field_statements TO leadwise_service;
GRANT USAGE ON SEQUENCE api_key_revisions TO leadwise_service;

GRANT SELECT, INSERT, UPDATE, DELETE ON statements TO leadwise_service;
ALTER TABLE statements ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON statements TO leadwise_service
    USING (EXISTS (SELECT FROM leads WHERE leads.id = statements.lead_id));

GRANT SELECT, UPDATE ON organisations TO leadwise_service;
ALTER TABLE organisations ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON organisations TO leadwise_service
    USING (id = current_setting('leadwise.organisation'));
"""

ONE_ORGANISATION = """
GRANT {rights} ON {table} TO leadwise_service;
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_organisation ON {table} TO leadwise_service
    USING (organisation_id = current_setting('leadwise.organisation'));
"""


def upgrade() -> None:
    """Make the tables, then the role that sees one organisation at a time."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    queue = SchemaManager.get_schema().replace("%", "%%"), QUEUE.format(schema=schema)
    isolation = [ONE_ORGANISATION.format(table=table, rights=rights) for table, rights in OF_AN_ORGANISATION.items()]
    parts = (KEYS, AUDIT, JOBS, *queue, IDEMPOTENCY, FEEDBACK, LEDGER, RETENTION, SERVICE_ROLE, *isolation, ISOLATION)
    for statement in parts:
        # Their colons are SQL's own.
        op.get_bind().exec_driver_sql(statement)
