"""Brings a database to the newest schema."""

from pathlib import Path

from sqlalchemy import Connection, text

from leadwise.store.errors import NewerSchemaError

NEWEST_SCHEMA = "0008"
"""The last migration. Known here so that a database that has it already opens without loading Alembic (0.4 s)."""

FOLDER = Path(__file__).with_name("migrations")
LOCK = 5_323_731
"""The number of our advisory lock; any number that nobody else uses would do."""


def migrate(connection: Connection) -> None:
    """Bring the database to the newest schema, within the connection's transaction: all of it or nothing.

    Processes that start at once wait for the first one, and then find the work done.

    Raises:
        NewerSchemaError: if the database is at a schema that this version does not know.
    """
    if find_schema(connection) == NEWEST_SCHEMA:
        return
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    found = find_schema(connection)
    if found != NEWEST_SCHEMA:
        _upgrade(connection, found)


def find_schema(connection: Connection) -> str | None:
    """The last migration that the database has seen; None if it has seen none."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def _upgrade(connection: Connection, found: str | None) -> None:
    from alembic import command  # noqa: PLC0415 - slow to load and seldom needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerSchemaError(NEWEST_SCHEMA, found)
    command.upgrade(config, "head")
