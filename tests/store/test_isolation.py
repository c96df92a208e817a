"""The database itself shows the service one organisation at a time."""

import pytest
from sqlalchemy import text

from leadwise.store.database import Database

WITHOUT_ROWS_OF_ORGANISATIONS = {"alembic_version"}
BOTH = """
INSERT INTO organisations (id) VALUES ('other');
INSERT INTO leads (organisation_id, source, external_id, occurred_at, recorded_at, fields)
SELECT id, 'web', '1', '2026-01-05Z', '2026-01-06Z', '{}' FROM organisations;
INSERT INTO statements (lead_id, occurred_at, recorded_at, fields)
SELECT id, occurred_at, recorded_at, jsonb_build_object('name', organisation_id) FROM leads;
INSERT INTO events (organisation_id, lead_id, source, external_id, kind, occurred_at, recorded_at, fields)
SELECT organisation_id, id, 'web', '1', 'visit', '2026-01-06Z', '2026-01-06Z', '{}' FROM leads;
INSERT INTO outcomes (organisation_id, lead_id, source, external_id, target, won, occurred_at, recorded_at)
SELECT organisation_id, id, 'web', '1', 'sold', true, '2026-01-06Z', '2026-01-06Z' FROM leads;
INSERT INTO scores (organisation_id, target, as_of, recorded_at, model_version, action, base, reasons)
SELECT id, 'sold', now(), now(), 'v', 'Call', 0, '[]' FROM organisations;
INSERT INTO models (organisation_id, version, target, task, card, artefact)
SELECT id, 'v', 'sold', 'conversion', '{}', 'x' FROM organisations;
INSERT INTO activations (organisation_id, target, version, activated_by)
SELECT id, 'sold', 'v', 'me' FROM organisations;
INSERT INTO erasures (organisation_id, recorded_at, erased_by, identifier_hash, counts)
SELECT id, now(), 'me', 'x', '{}' FROM organisations;
INSERT INTO api_keys (id, organisation_id, name, roles, secret_hash, created_by)
SELECT id, id, 'k', '{read}', 'x', 'me' FROM organisations;
INSERT INTO audit (organisation_id, done_by, action, subject, details)
SELECT id, 'me', 'a', 's', '{}' FROM organisations;
INSERT INTO jobs (organisation_id, kind, target, request, requested_by)
SELECT id, 'fit', 'sold', '{}', 'me' FROM organisations;
INSERT INTO idempotency (organisation_id, key, request_hash) SELECT id, 'k', 'x' FROM organisations;
INSERT INTO feedback (organisation_id, lead_id, target, verdict, comment, given_by)
SELECT organisation_id, id, 'sold', 'right', '', 'me' FROM leads;
"""


def all_tables(database: Database) -> list[str]:
    with database.transaction() as connection:
        found = connection.scalars(
            text(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
                "AND table_name NOT LIKE 'procrastinate%' ORDER BY table_name"
            )
        )
        return [name for name in found if name not in WITHOUT_ROWS_OF_ORGANISATIONS]


@pytest.fixture
def two_organisations(database: Database) -> Database:
    with database.transaction() as connection:
        connection.exec_driver_sql(BOTH)
    return database


def test_each_table_and_view_shows_one_organisation_to_the_service(two_organisations: Database):
    names = all_tables(two_organisations)
    assert len(names) == 17
    for name in names:
        count = text(f"SELECT count(*) FROM {name}")  # noqa: S608 - our own names
        with two_organisations.transaction() as connection:
            assert connection.scalar(count) == 2, name
        with two_organisations.transaction("other") as connection:
            assert connection.scalar(count) == 1, name


def test_the_service_cannot_write_a_row_of_another_organisation(two_organisations: Database):
    row = "INSERT INTO idempotency (organisation_id, key, request_hash) VALUES ('default', 'k2', 'x')"
    with pytest.raises(Exception, match="row-level security"), two_organisations.transaction("other") as connection:
        connection.execute(text(row))


def test_the_service_reaches_nothing_of_an_organisation_that_there_is_not(two_organisations: Database):
    with two_organisations.transaction("none") as connection:
        assert connection.scalar(text("SELECT count(*) FROM leads")) == 0
        assert connection.execute(text("DELETE FROM leads")).rowcount == 0


def test_the_role_ends_with_the_transaction(two_organisations: Database):
    for _ in range(3):  # the pool hands the same connection out again
        with two_organisations.transaction("other") as connection:
            assert connection.scalar(text("SELECT current_user")) == "leadwise_service"
        with two_organisations.transaction() as connection:
            assert connection.scalar(text("SELECT count(*) FROM leads")) == 2


def test_an_organisation_named_like_sql_is_only_a_name(two_organisations: Database):
    with two_organisations.transaction("other' OR true --") as connection:
        assert connection.scalar(text("SELECT count(*) FROM leads")) == 0
