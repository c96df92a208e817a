"""What is told of leads, events and outcomes alike: each record is known by its source and external id, and has a lead.

Of two versions of a record that counts which was recorded first, then the one that occurred first, then the smaller
content, then the one of the smaller lead: whichever is delivered first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute
from sqlalchemy import Connection, text

from leadwise.store import bulk
from leadwise.store.new_records import store_new
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.record_tables import usable_rows
from leadwise.store.results import AddResult, Rejection

pc: Any = pyarrow.compute

NAMES = {
    "source": "source",
    "external_id": "external_id",
    "lead_source": "lead's identifier",
    "lead_external_id": "lead's identifier",
}
"""Columns of identifiers, and what people read of them."""

_ADD = """
WITH stored AS (
    INSERT INTO {table} (organisation_id, lead_id, source, external_id, occurred_at, recorded_at, {content})
    SELECT DISTINCT ON (external_id, source) :organisation, leads.id, incoming.source, incoming.external_id,
        incoming.occurred_at, incoming.recorded_at, {incoming_content}
    FROM incoming
    JOIN leads
        ON (leads.organisation_id, leads.source, leads.external_id) = (:organisation, lead_source, lead_external_id)
    ORDER BY external_id, source, {incoming_version}, lead_source, lead_external_id
    ON CONFLICT (organisation_id, source, external_id) DO UPDATE
    SET lead_id = EXCLUDED.lead_id, occurred_at = EXCLUDED.occurred_at, recorded_at = EXCLUDED.recorded_at, {changes}
    WHERE ({new_version}) < ({stored_version})
        OR (EXCLUDED.lead_id <> {table}.lead_id AND ({new_version}) = ({stored_version})
            AND (SELECT (source, external_id) FROM leads WHERE id = EXCLUDED.lead_id)
                < (SELECT (source, external_id) FROM leads WHERE id = {table}.lead_id))
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS added, count(*) FILTER (WHERE NOT is_new) AS changed FROM stored
"""


@dataclass(frozen=True)
class RecordTable:
    """A table of such records.

    Args:
        name: The table.
        content: What a record says besides when it happened and was recorded: its columns, with their SQL types.
        names: Columns of identifiers among these, and what people read of them.
    """

    name: str
    content: dict[str, str]
    names: dict[str, str]

    @cached_property
    def columns(self) -> dict[str, str]:
        """The columns of what comes in, with their SQL types."""
        stamps = {"occurred_at": "timestamptz", "recorded_at": "timestamptz"}
        return dict.fromkeys(NAMES, "text") | stamps | self.content

    @cached_property
    def statement(self) -> str:
        """The SQL that sorts the incoming rows in."""
        return _ADD.format(
            table=self.name,
            content=", ".join(self.content),
            incoming_content=", ".join(f"incoming.{column}" for column in self.content),
            changes=", ".join(f"{column} = EXCLUDED.{column}" for column in self.content),
            incoming_version=self._version("incoming"),
            new_version=self._version("EXCLUDED"),
            stored_version=self._version(self.name),
        )

    def _version(self, row: str) -> str:
        """What versions of a record are compared by."""
        content = [_comparable(f"{row}.{column}", kind) for column, kind in self.content.items()]
        return ", ".join([f"{row}.recorded_at", f"{row}.occurred_at", *content])


def _comparable(value: str, kind: str) -> str:
    """Numbers are the only content that may be null."""
    return f"coalesce({value}, '-infinity')" if kind == "double precision" else value


def add_rows(
    connection: Connection, organisation: str, records: RecordTable, rows: Iterable[bulk.Row], rejected: list[Rejection]
) -> AddResult:
    """Store rows with the columns of `records`; those of leads that are not stored are rejected.

    Args:
        connection: Whose transaction.
        organisation: Whose records.
        records: Where to.
        rows: What can be stored.
        rejected: What cannot; may grow while `rows` are read.
    """
    with bulk.incoming(connection, records.columns, rows) as count:
        return _store(connection, organisation, records, count, rejected)


def add_table(connection: Connection, organisation: str, records: RecordTable, table: pa.Table) -> AddResult:
    """Store a table with the columns of `records`, as `add_rows`; rejections say which row it was."""
    rows, rejected = usable_rows(table, NAMES | records.names)
    names = rows["external_id"]
    if not pc.all(pc.less_equal(names[:-1], names[1:])).as_py():
        rows = rows.sort_by("external_id")  # what the database is about to do takes a quarter of the time then
    new = store_new(connection, organisation, records.name, rows)
    if new is not None:
        return replace(new, rejected=(*rejected, *new.rejected))
    with bulk.incoming_table(connection, records.columns, rows) as count:
        return _store(connection, organisation, records, count, rejected)


def _store(
    connection: Connection, organisation: str, records: RecordTable, count: int, rejected: list[Rejection]
) -> AddResult:
    OrganisationRepository(connection).hold(organisation)
    unknown = bulk.reject_unknown_leads(connection, organisation)
    stored = connection.execute(text(records.statement), {"organisation": organisation}).one()
    unchanged = count - len(unknown) - stored.added - stored.changed
    return AddResult(stored.added, unchanged, stored.changed, (*rejected, *unknown))
