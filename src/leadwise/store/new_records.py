"""Records that are new, copied straight into their table: three times as fast as sorting them in one by one.

The key of the table says whether they are. A sample is looked up first, so that it seldom has to refuse.
"""

from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute
from sqlalchemy import Connection, func, select

from leadwise.store import bulk
from leadwise.store.copying import copy_table

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


def store_new(connection: Connection, organisation: str, table: str, rows: pa.Table) -> pa.Table:
    """Store the rows, if all are new, and give those that are not stored: of unknown leads, or all.

    Args:
        connection: Whose transaction; it holds the organisation, so that no lead is erased meanwhile.
        organisation: Whose records.
        table: Where to.
        rows: Usable rows, with the columns of the table, `position`, lead_source and lead_external_id. None is stored
            where row-level security binds, which COPY does not know.
    """
    if not rows.num_rows or connection.scalar(select(func.row_security_active(table))):
        return rows
    sample = rows.take(np.unique(np.linspace(0, rows.num_rows - 1, SAMPLE_ROWS, dtype=np.int64)))
    if _find(connection, organisation, table, sample).num_rows:
        return rows
    leads = _find(connection, organisation, "leads", rows, "lead_")
    numbers = leads["id"].combine_chunks().take(pc.index_in(_names(rows, "lead_"), value_set=_names(leads)))
    is_known = pc.is_valid(numbers)
    whole = rows.drop_columns(["lead_source", "lead_external_id", "position"])
    whole = whole.append_column("lead_id", numbers)
    whole = whole.append_column("organisation_id", pa.repeat(organisation, rows.num_rows))
    try:
        with connection.begin_nested():
            bulk.copy_rows(connection, table, whole.filter(is_known))
    except psycopg.errors.UniqueViolation:
        return rows
    return rows.filter(pc.invert(is_known))


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
