"""What the database driver complains about, as errors of the store."""

import psycopg
from psycopg import errors as pg
from sqlalchemy import URL

from leadwise.domain.errors import LeadwiseError
from leadwise.store.errors import (
    DatabaseForbiddenError,
    DiskFullError,
    LoginRefusedError,
    RowsBusyError,
    ServerUnreachableError,
    UnknownDatabaseError,
)

_LOGIN_WORDS = ("password authentication failed", "no password supplied", "no pg_hba.conf entry", "authentication")


def address_of(url: URL) -> str:
    """Where a database URL points, without user and password: "db.example.com:5432/leads"."""
    host = url.host or url.query.get("host") or "localhost"
    return f"{host}:{url.port or 5432}/{url.database or ''}"


def translate(error: BaseException | None, url: URL) -> LeadwiseError | None:
    """The store's error for the driver's; None if it is a mistake in our own code, which must stay visible."""
    address = address_of(url)
    if isinstance(error, pg.DiskFull) or "No space left on device" in str(error):
        return DiskFullError(address)
    if isinstance(error, pg.InsufficientPrivilege):
        return DatabaseForbiddenError(address, _first_line(error))
    if isinstance(error, pg.DeadlockDetected | pg.SerializationFailure | pg.LockNotAvailable):
        return RowsBusyError(address, _first_line(error))
    if isinstance(error, psycopg.OperationalError):
        return _connection_error(error, url, address)
    return None


def _connection_error(error: psycopg.OperationalError, url: URL, address: str) -> LeadwiseError:
    # The protocol's error code does not reach us when connecting, so the sentence must be read.
    reason = _first_line(error)
    if "does not exist" in reason and "database" in reason:
        return UnknownDatabaseError(address, url.database or "")
    if any(words in reason for words in _LOGIN_WORDS):
        return LoginRefusedError(address, reason)
    return ServerUnreachableError(address, reason)


def _first_line(error: psycopg.Error) -> str:
    """The driver's sentence without the position and hints that follow it, and without its full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rpartition("FATAL:")[2].strip().rstrip(".")
