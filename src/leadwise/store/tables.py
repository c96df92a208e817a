"""The tables as queries see them: names and types.

Keys, indexes and triggers stand in the migrations, which make the tables; a test holds the columns of both against
each other.
"""

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy import Column as TableColumn
from sqlalchemy.dialects.postgresql import JSONB

DEFAULT_ORGANISATION = "default"
"""The organisation that a fresh database has."""

metadata = MetaData()
Instant = DateTime(timezone=True)

organisations = Table(
    "organisations",
    metadata,
    TableColumn("id", Text, primary_key=True),
    TableColumn("recorded_at", Instant, nullable=False),
    TableColumn("erasure_salt", UUID, nullable=False),
)

leads = Table(
    "leads",
    metadata,
    TableColumn("id", BigInteger, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("source", Text, nullable=False),
    TableColumn("external_id", Text, nullable=False),
    TableColumn("occurred_at", Instant, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
    TableColumn("fields", JSONB, nullable=False),
    TableColumn("entity", Text, nullable=False),
    TableColumn("merged_into", BigInteger),
    TableColumn("said_merged_into", BigInteger),
    TableColumn("merge_recorded_at", Instant),
    TableColumn("merged_at", Instant),
)

statements = Table(
    "statements",
    metadata,
    TableColumn("lead_id", BigInteger, primary_key=True),
    TableColumn("occurred_at", Instant, primary_key=True),
    TableColumn("recorded_at", Instant, primary_key=True),
    TableColumn("fields", JSONB, nullable=False),
    TableColumn("digest", BigInteger, primary_key=True),
)

events = Table(
    "events",
    metadata,
    TableColumn("organisation_id", Text, primary_key=True),
    TableColumn("lead_id", BigInteger, nullable=False),
    TableColumn("source", Text, primary_key=True),
    TableColumn("external_id", Text, primary_key=True),
    TableColumn("kind", Text, nullable=False),
    TableColumn("occurred_at", Instant, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
    TableColumn("fields", JSONB, nullable=False),
)

past_changes = Table(
    "past_changes",
    metadata,
    TableColumn("organisation_id", Text, primary_key=True),
    TableColumn("known_on", Date, primary_key=True),
    TableColumn("changed_by", BigInteger, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    TableColumn("id", BigInteger, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("lead_id", BigInteger, nullable=False),
    TableColumn("source", Text, nullable=False),
    TableColumn("external_id", Text, nullable=False),
    TableColumn("target", Text, nullable=False),
    TableColumn("won", Boolean, nullable=False),
    TableColumn("value", Double),
    TableColumn("occurred_at", Instant, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    TableColumn("id", BigInteger, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("lead_id", BigInteger),
    TableColumn("target", Text, nullable=False),
    TableColumn("as_of", Instant, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
    TableColumn("model_version", Text, nullable=False),
    TableColumn("probability", Double),
    TableColumn("value", Double),
    TableColumn("grade", Text),
    TableColumn("action", Text, nullable=False),
    TableColumn("base", Double, nullable=False),
    TableColumn("reasons", JSONB, nullable=False),
    TableColumn("inputs", Text),
    TableColumn("change", JSONB),
)

models = Table(
    "models",
    metadata,
    TableColumn("organisation_id", Text, primary_key=True),
    TableColumn("version", Text, primary_key=True),
    TableColumn("target", Text, nullable=False),
    TableColumn("task", Text, nullable=False),
    TableColumn("card", JSONB, nullable=False),
    TableColumn("artefact", LargeBinary),
    TableColumn("recorded_at", Instant, nullable=False),
)

activations = Table(
    "activations",
    metadata,
    TableColumn("id", BigInteger, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("target", Text, nullable=False),
    TableColumn("version", Text, nullable=False),
    TableColumn("activated_by", Text, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
)

erasures = Table(
    "erasures",
    metadata,
    TableColumn("id", BigInteger, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
    TableColumn("erased_by", Text, nullable=False),
    TableColumn("identifier_hash", Text, nullable=False),
    TableColumn("counts", JSONB, nullable=False),
    TableColumn("readmitted_at", Instant),
)

api_keys = Table(
    "api_keys",
    metadata,
    TableColumn("id", Text, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("name", Text, nullable=False),
    TableColumn("roles", ARRAY(Text), nullable=False),
    TableColumn("secret_hash", LargeBinary, nullable=False),
    TableColumn("created_by", Text, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
    TableColumn("expires_at", Instant),
    TableColumn("revoked_at", Instant),
    TableColumn("last_used_at", Instant),
    TableColumn("revision", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    TableColumn("id", BigInteger, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
    TableColumn("done_by", Text, nullable=False),
    TableColumn("action", Text, nullable=False),
    TableColumn("subject", Text, nullable=False),
    TableColumn("details", JSONB, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    TableColumn("id", UUID, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("kind", Text, nullable=False),
    TableColumn("target", Text, nullable=False),
    TableColumn("state", Text, nullable=False),
    TableColumn("request", JSONB, nullable=False),
    TableColumn("progress", JSONB, nullable=False),
    TableColumn("result", JSONB),
    TableColumn("error", JSONB),
    TableColumn("requested_by", Text, nullable=False),
    TableColumn("attempts", Integer, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
    TableColumn("started_at", Instant),
    TableColumn("finished_at", Instant),
    TableColumn("traceparent", Text),
)

idempotency = Table(
    "idempotency",
    metadata,
    TableColumn("organisation_id", Text, primary_key=True),
    TableColumn("key", Text, primary_key=True),
    TableColumn("request_hash", LargeBinary, nullable=False),
    TableColumn("status", Integer),
    TableColumn("headers", JSONB),
    TableColumn("body", LargeBinary),
    TableColumn("recorded_at", Instant, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    TableColumn("id", BigInteger, primary_key=True),
    TableColumn("organisation_id", Text, nullable=False),
    TableColumn("lead_id", BigInteger, nullable=False),
    TableColumn("target", Text, nullable=False),
    TableColumn("verdict", Text, nullable=False),
    TableColumn("comment", Text, nullable=False),
    TableColumn("given_by", Text, nullable=False),
    TableColumn("recorded_at", Instant, nullable=False),
)
