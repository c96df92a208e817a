import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy import text

from leadwise.domain.lead import Lead
from leadwise.store.database import Database, normalised_url, open_database
from leadwise.store.errors import NewerSchemaError, RowsBusyError
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.migration import FOLDER, LOCK, NEWEST_SCHEMA, find_schema, migrate
from leadwise.store.tables import DEFAULT_ORGANISATION, metadata

UNUSED = Path("unused")


def test_an_empty_database_is_migrated_once(empty_url: str):
    for _ in range(2):
        with open_database(empty_url, UNUSED) as database, database.transaction() as connection:
            assert find_schema(connection) == NEWEST_SCHEMA
            assert connection.scalars(text("SELECT id FROM organisations")).all() == [DEFAULT_ORGANISATION]


def test_the_newest_schema_is_the_last_migration():
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [NEWEST_SCHEMA]


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and str(name).startswith("procrastinate"))


def test_queries_see_the_columns_that_the_migrations_make(database: Database):
    with database.transaction() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        differences = compare_metadata(context, metadata)
    # Keys and indexes stand in the migrations alone.
    assert [found for found in differences if found[0] not in ("remove_index", "remove_constraint", "remove_fk")] == []


def test_the_queue_has_the_schema_that_its_library_brought_with_this_migration():
    # Another schema needs a migration of ours that runs the library's own, and then this line.
    digest = hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()
    assert digest == "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


def test_opening_a_migrated_database_loads_neither_alembic_nor_the_queue(empty_url: str):
    open_database(empty_url, UNUSED).close()
    code = (
        "import sys; from pathlib import Path; from leadwise.store.database import open_database;"
        "open_database(sys.argv[1], Path('unused')).close(); print({'alembic', 'procrastinate'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, empty_url], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


FIRST_ROWS = """
INSERT INTO leads (organisation_id, source, external_id, occurred_at, recorded_at, fields)
VALUES ('default', 'web', '1', '2026-01-05Z', '2026-01-06Z', '{"budget": 1}');
INSERT INTO events (organisation_id, lead_id, source, external_id, kind, occurred_at, recorded_at, fields)
SELECT 'default', id, 'web', 'field_changed:x', 'field_changed', '2026-01-07Z', '2026-01-07Z',
    '{"field": "budget", "value": 2}' FROM leads;
"""


def test_what_leads_of_the_first_schema_said_is_kept_as_statements(empty_url: str):
    with Database(normalised_url(empty_url)) as database:
        with database.transaction() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(FOLDER))
            command.upgrade(config, "0001")
            connection.exec_driver_sql(FIRST_ROWS)
        with database.transaction() as connection:
            migrate(connection)
        with database.transaction() as connection:
            said = connection.execute(
                text("SELECT field, value, is_arrival FROM field_statements ORDER BY occurred_at")
            )
            assert said.all() == [("budget", 1, True), ("budget", 2, False)]
            # The same again, delivered later, is no change.
            again = Lead("web", "1", datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC), {"budget": 2})
            assert LeadRepository(connection).add_many([again]).unchanged == 1
            assert len(EventRepository(connection).list_visible(datetime(2027, 1, 1, tzinfo=UTC))) == 1


def test_processes_that_start_at_once_migrate_once(empty_url: str):
    code = (
        "import sys; from pathlib import Path; from leadwise.store.database import open_database;"
        "sys.stdin.read(); open_database(sys.argv[1], Path('unused')).close()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    assert [process.communicate()[1] for process in processes] == ["", "", ""]
    assert [process.returncode for process in processes] == [0, 0, 0]


def migrate_impatiently(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
        migrate(connection)


def test_a_migration_waits_for_the_one_that_runs(empty_url: str):
    with Database(normalised_url(empty_url)) as database:
        with database.transaction() as first:
            # What a migration does first; what it does then would stop others too, but with an error.
            first.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            with pytest.raises(RowsBusyError, match="lock timeout"):
                migrate_impatiently(database)
            migrate(first)
        with database.transaction() as connection:
            assert find_schema(connection) == NEWEST_SCHEMA


def test_a_database_of_a_newer_leadwise_is_left_alone(empty_url: str):
    with open_database(empty_url, UNUSED) as database, database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchemaError, match=f"up to schema {NEWEST_SCHEMA}, but the database is at schema 9999"):
        open_database(empty_url, UNUSED)
