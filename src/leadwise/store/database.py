"""The way into the database: one server by URL, or the embedded one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from leadwise.store.embedded import EmbeddedServer
from leadwise.store.errors import ServerUnreachableError, UnusableDatabaseUrlError
from leadwise.store.migration import migrate
from leadwise.store.translation import address_of, translate

CONNECT_SECONDS = 10
"""How long to wait for a server's first answer, unless the URL says otherwise (`?connect_timeout=`)."""

SERVICE_ROLE = "leadwise_service"
"""The role that sees the rows of one organisation; a transaction changes to it and back by itself."""
_FOR_ONE = text(
    f"SELECT set_config('leadwise.organisation', :organisation, true), set_config('role', '{SERVICE_ROLE}', true)"
)


class Database:
    """An open database at the newest schema. Use it as a context manager, or call `close`.

    One per process serves any number of threads. `url` may hold a password: do not show it.
    """

    def __init__(self, url: URL, server: EmbeddedServer | None = None) -> None:
        self.url = url
        self._server = server
        self.engine: Engine = create_engine(
            url,
            # A connection that died (server restarted, network gone) is replaced before anyone gets it.
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_SECONDS} | dict(url.query),
            # Parameters are personal data; they must not get into error messages.
            hide_parameters=True,
        )
        event.listen(self.engine, "connect", _in_utc)
        if server is not None:
            event.listen(self.engine, "do_connect", self._connect_or_restart)

    @contextmanager
    def transaction(self, organisation: str | None = None) -> Iterator[Connection]:
        """A connection whose work is stored as a whole at the end of the block, or not at all if it raises.

        Args:
            organisation: Whose rows can be seen and written, whatever statements say (row-level security); None: all.

        Raises:
            ServerUnreachableError, LoginRefusedError, UnknownDatabaseError, DatabaseForbiddenError, DiskFullError,
                RowsBusyError: what the server complains about.
        """
        try:
            with self.engine.begin() as connection:
                if organisation is not None:
                    connection.execute(_FOR_ONE, {"organisation": organisation})
                yield connection
        except PoolTimeoutError as error:
            reason = "all of this process's connections are in use"
            raise ServerUnreachableError(address_of(self.url), reason) from error
        except (DBAPIError, psycopg.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            # Not "from error": its text may repeat values of the statement.
            raise translate(cause, self.url) or error from None

    def address(self) -> str:
        """Where another driver of PostgreSQL connects, now that the server runs; may hold a password: do not show it.

        Raises:
            ServerUnreachableError and its kin: if nobody answers there.
        """
        with self.transaction() as connection:  # an embedded server that was killed is started again
            connection.execute(text("SELECT 1"))
        url = self.url if self._server is None else self._server.url()
        return url.set(drivername="postgresql").render_as_string(hide_password=False)

    def close(self) -> None:
        """Close all connections, and leave the embedded server. Further calls do nothing."""
        self.engine.dispose()
        if self._server is not None:
            self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _connect_or_restart(
        self, dialect: Dialect, _entry: ConnectionPoolEntry, arguments: list[Any], options: dict[str, Any]
    ) -> DBAPIConnection:
        """Connect to the embedded server; if it was killed, start it again first."""
        try:
            return dialect.connect(*arguments, **options)
        except psycopg.OperationalError:
            assert self._server is not None
            self._server.ensure_running()
            # A server that has to keep its socket elsewhere has a new place for it.
            host = self._server.url().query["host"]
            return dialect.connect(*arguments, **(options | {"host": host}))


def _in_utc(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Let instants come and go in UTC, whatever time zone a server, a database or a user is set to."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'")
    connection.commit()


def open_database(url: str | None, data_folder: Path) -> Database:
    """The database at the URL, or the embedded one in `data_folder / "postgresql"`, migrated to the newest schema.

    Args:
        url: `postgresql://user:password@host:5432/database`; None for the embedded PostgreSQL.
        data_folder: Where the embedded PostgreSQL keeps its data; made if it is not there. Not used with a URL.

    Raises:
        UnusableDatabaseUrlError: if the URL is not one of PostgreSQL.
        NewerSchemaError: if a newer leadwise has migrated the database.
        LeadwiseError: what `EmbeddedServer` and `Database.transaction` raise.
    """
    if url is not None:
        database = Database(normalised_url(url))
    else:
        server = EmbeddedServer(data_folder)
        database = Database(server.url(), server)
    try:
        with database.transaction() as connection:
            migrate(connection)
    except BaseException:
        database.close()
        raise
    return database


def normalised_url(url: str) -> URL:
    """The URL with our driver.

    Raises:
        UnusableDatabaseUrlError: if it is not one of PostgreSQL.

    >>> normalised_url("postgres://anna@db.example.com/leads").drivername
    'postgresql+psycopg'
    >>> normalised_url("mysql://db.example.com/leads")
    Traceback (most recent call last):
    leadwise.store.errors.UnusableDatabaseUrlError: The database URL ..., but it begins with mysql://. ...
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        reason = "it cannot be read as a URL"
        raise UnusableDatabaseUrlError(reason) from None
    if parsed.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        reason = f"it begins with {parsed.drivername}://"
        raise UnusableDatabaseUrlError(reason)
    if not parsed.database:
        reason = "it names no database"
        raise UnusableDatabaseUrlError(reason)
    return parsed.set(drivername="postgresql+psycopg")
