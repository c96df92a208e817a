"""The first tables: organisations, leads, events, outcomes, scores, models, activations."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE organisations (
    id text PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO organisations (id) VALUES ('default');

CREATE TABLE leads (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    source text NOT NULL,
    external_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    fields jsonb NOT NULL,
    UNIQUE (organisation_id, source, external_id)
);

CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    lead_id bigint NOT NULL REFERENCES leads ON DELETE CASCADE,
    source text NOT NULL,
    external_id text NOT NULL,
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    fields jsonb NOT NULL,
    UNIQUE (organisation_id, source, external_id)
);

CREATE TABLE outcomes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    lead_id bigint NOT NULL REFERENCES leads ON DELETE CASCADE,
    source text NOT NULL,
    external_id text NOT NULL,
    target text NOT NULL,
    won boolean NOT NULL,
    value double precision,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    UNIQUE (organisation_id, source, external_id)
);

CREATE TABLE scores (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    lead_id bigint NOT NULL REFERENCES leads ON DELETE CASCADE,
    target text NOT NULL,
    as_of timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    model_version text NOT NULL,
    probability double precision CHECK (probability BETWEEN 0 AND 1),
    value double precision,
    grade text,
    action text NOT NULL,
    base double precision NOT NULL,
    reasons jsonb NOT NULL
);

CREATE TABLE models (
    organisation_id text NOT NULL REFERENCES organisations,
    version text NOT NULL,
    target text NOT NULL,
    task text NOT NULL,
    card jsonb NOT NULL,
    artefact bytea NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, version)
);
-- Model files are compressed already; trying again would only cost time.
ALTER TABLE models ALTER COLUMN artefact SET STORAGE EXTERNAL;

-- The newest row of a target names its active version: switching is one insert, and the history keeps itself.
CREATE TABLE activations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    target text NOT NULL,
    version text NOT NULL,
    activated_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (organisation_id, version) REFERENCES models
);
"""

INDEXES = """
-- A lead's events up to an instant.
CREATE INDEX events_by_lead ON events (lead_id, occurred_at);
-- A lead's changed fields, which each import of the lead looks at.
CREATE INDEX events_field_changed ON events (lead_id) WHERE kind = 'field_changed';
CREATE INDEX outcomes_by_lead ON outcomes (lead_id);
CREATE INDEX outcomes_by_target ON outcomes (organisation_id, target, id);
-- A lead's newest score for a target, and its history of scores.
CREATE INDEX scores_newest ON scores (organisation_id, target, lead_id, as_of DESC, recorded_at DESC, id DESC);
-- Deleting a lead deletes its scores.
CREATE INDEX scores_by_lead ON scores (lead_id);
CREATE INDEX models_by_target ON models (organisation_id, target);
CREATE INDEX activations_newest ON activations (organisation_id, target, id DESC);
"""

SCORES_NEVER_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed: add a new one', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER scores_never_change BEFORE UPDATE ON scores
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(TABLES)
    op.execute(INDEXES)
    op.execute(SCORES_NEVER_CHANGE)
