"""Records that are new, copied straight into their table: three times as fast as sorting them in one by one.

The key of the table says whether they are. A sample is looked up first, so that it seldom has to refuse.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute
from sqlalchemy import Connection, func, select

from leadwise.domain.target import FIELD_CHANGED
from leadwise.store import bulk
from leadwise.store.copying import copy_table
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.results import AddResult

pc: Any = pyarrow.compute

SAMPLE_ROWS = 300
_NAMES = pa.schema([("source", pa.string()), ("external_id", pa.string())])
_LEADS = pa.schema([("id", pa.int64()), *_NAMES])
_FIND = """
SELECT {columns} FROM {table} WHERE organisation_id = %(organisation)s
    AND source = ANY (CAST(%(sources)s AS text[])) AND external_id = ANY (CAST(%(names)s AS text[]))
"""
_NO_NAME = "\x00"
"""Stands between source and external id, since no name has it."""


def store_new(connection: Connection, organisation: str, table: str, rows: pa.Table) -> AddResult | None:
    """Store the rows, if all are new, and reject those of unknown leads; None if they are not: nothing is stored then.

    Several transactions may do so at once for one organisation.

    Args:
        connection: Whose transaction.
        organisation: Whose records.
        table: Where to.
        rows: Usable rows, with the columns of the table, `position`, lead_source and lead_external_id. None is stored
            where row-level security binds, which COPY does not know.
    """
    if not _may_be_new(connection, organisation, table, rows):
        return None
    try:
        with connection.begin_nested():  # whose lock goes where it is taken back
            return _copy(connection, organisation, table, rows)
    except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):  # two stored the same at once
        return None


def _may_be_new(connection: Connection, organisation: str, table: str, rows: pa.Table) -> bool:
    if not rows.num_rows or connection.scalar(select(func.row_security_active(table))):
        return False
    sample = rows.take(np.unique(np.linspace(0, rows.num_rows - 1, SAMPLE_ROWS, dtype=np.int64)))
    return not _find(connection, organisation, table, sample).num_rows


def _copy(connection: Connection, organisation: str, table: str, rows: pa.Table) -> AddResult:
    organisations = OrganisationRepository(connection)
    (organisations.hold if _has_field_changes(rows) else organisations.share)(organisation)
    leads = _find(connection, organisation, "leads", rows, "lead_")
    numbers = leads["id"].combine_chunks().take(pc.index_in(_names(rows, "lead_"), value_set=_names(leads)))
    is_known = pc.is_valid(numbers)
    whole = rows.drop_columns(["lead_source", "lead_external_id", "position"])
    whole = whole.append_column("lead_id", numbers)
    whole = whole.append_column("organisation_id", pa.repeat(organisation, rows.num_rows))
    bulk.copy_rows(connection, table, whole.filter(is_known))
    unknown = rows.filter(pc.invert(is_known)).to_pylist()
    rejected = bulk.of_unknown_leads(SimpleNamespace(**row) for row in unknown)
    return AddResult(rows.num_rows - len(rejected), unchanged=0, rejected=tuple(rejected))


def _has_field_changes(rows: pa.Table) -> bool:
    """Whether these note days in `past_changes`: two that note the same days in another order wait for each other."""
    return "kind" in rows.column_names and bool(pc.any(pc.equal(rows["kind"], FIELD_CHANGED)).as_py())


def _find(connection: Connection, organisation: str, table: str, rows: pa.Table, prefix: str = "") -> pa.Table:
    """What is stored under the names of the rows."""
    schema = _LEADS if table == "leads" else _NAMES
    sources, names = (_as_array(pc.unique(rows[prefix + name])) for name in _NAMES.names)
    query = _FIND.format(columns=", ".join(schema.names), table=table)
    return copy_table(connection, query, {"organisation": organisation, "sources": sources, "names": names}, schema)


def _as_array(texts: Any) -> str:
    """Texts as PostgreSQL writes an array: in a tenth of the time that a list of Python takes."""
    for character in ("\\", '"'):
        texts = pc.replace_substring(texts, character, f"\\{character}")
    quoted = pc.binary_join_element_wise('"', texts, '"', "")
    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(quoted)], quoted), ",")
    return f"{{{joined[0].as_py()}}}"


def _names(table: pa.Table, prefix: str = "") -> Any:
    names = pc.binary_join_element_wise(table[f"{prefix}source"], table[f"{prefix}external_id"], _NO_NAME)
    return names.combine_chunks()
