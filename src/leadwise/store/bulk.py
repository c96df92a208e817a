"""Many rows into the database at once: copied into a temporary table, from where SQL sorts them in.

Everything happens in the caller's transaction, so that a killed process leaves nothing half.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from leadwise.store.cleaning import UnusableValueError
from leadwise.store.results import Rejection

Thing = TypeVar("Thing")
Row = tuple[object, ...]
Columns = Mapping[str, str]
"""Names to SQL types."""

INCOMING = "incoming"
"""The temporary table. Besides the given columns it has `position`: the order in which the rows came, from 1."""


@contextmanager
def incoming(connection: Connection, columns: Columns, rows: Iterable[Row]) -> Iterator[int]:
    """Copy the rows into the temporary table for the length of the block; gives their number."""
    types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    position = "position bigint GENERATED ALWAYS AS IDENTITY"
    connection.execute(text(f"CREATE TEMPORARY TABLE {INCOMING} ({types}, {position}) ON COMMIT DROP"))
    count = _copy(connection, columns, rows)
    # Without its statistics, PostgreSQL would plan for a small table.
    connection.execute(text(f"ANALYZE {INCOMING}"))
    yield count
    connection.execute(text(f"DROP TABLE {INCOMING}"))


def _copy(connection: Connection, columns: Columns, rows: Iterable[Row]) -> int:
    driver: Any = connection.connection.driver_connection
    count = 0
    names = ", ".join(columns)
    with driver.cursor() as cursor, cursor.copy(f"COPY {INCOMING} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def usable(
    things: Iterable[Thing],
    row_of: Callable[[Thing], Row],
    name_of: Callable[[Thing], tuple[str, str]],
    rejected: list[Rejection],
) -> Iterator[Row]:
    """The rows of all things that can be stored; the others are appended to `rejected`, each with its reason."""
    for thing in things:
        try:
            yield row_of(thing)
        except UnusableValueError as error:
            rejected.append(Rejection(*name_of(thing), str(error)))


def reject_unknown_leads(connection: Connection, organisation: str) -> list[Rejection]:
    """Take the incoming rows whose lead is not stored out of the temporary table.

    Expects the columns source, external_id, lead_source and lead_external_id.
    """
    found = connection.execute(text(_DELETE_UNKNOWN), {"organisation": organisation})
    return [
        Rejection(row.source, row.external_id, f'There is no lead "{row.lead_external_id}" from "{row.lead_source}".')
        for row in sorted(found, key=lambda row: row.position)
    ]


# Names its columns: the driver prepares the statement, and a prepared one must give the same columns for all tables.
_DELETE_UNKNOWN = """
DELETE FROM incoming
WHERE NOT EXISTS (
    SELECT FROM leads
    WHERE (leads.organisation_id, leads.source, leads.external_id) = (:organisation, lead_source, lead_external_id)
)
RETURNING position, source, external_id, lead_source, lead_external_id
"""
