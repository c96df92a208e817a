"""Tables of records, made fit for the database: what it cannot hold is found before it breaks a batch of good rows.

The columns are those of the repository that stores them; stamps are `timestamp[us, UTC]`, fields JSON text.
"""

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute

from leadwise.store.cleaning import LONGEST_NAME, UnusableValueError, check_name, json_text
from leadwise.store.results import Rejection

pc: Any = pyarrow.compute


def usable_rows(table: pa.Table, names: dict[str, str]) -> tuple[pa.Table, list[Rejection]]:
    """The rows that can be stored, with their `position`, from 1; and the others with the reason.

    Args:
        table: Records with at least source and external_id.
        names: The columns that hold identifiers, to the words for them in a reason.
    """
    table = table.append_column("position", pa.array(np.arange(1, table.num_rows + 1)))
    suspect: Any = pa.repeat(False, table.num_rows)  # noqa: FBT003 - a value
    for name in names:
        column = table.column(name)
        length = pc.utf8_length(column)
        odd = pc.or_kleene(pc.equal(length, 0), pc.greater(length, LONGEST_NAME))
        suspect = pc.or_(suspect, pc.fill_null(pc.or_kleene(odd, pc.match_substring(column, "\x00")), fill_value=True))
    good = table if not pc.any(suspect).as_py() else table.filter(pc.invert(suspect))
    bad = table.filter(suspect).select([*names, "position"]).to_pylist() if good is not table else []
    return _storable_fields(good), [_rejection(row, names) for row in bad]


def _rejection(row: dict[str, Any], names: dict[str, str]) -> Rejection:
    source, external_id = row["source"] or "", row["external_id"] or ""
    for name, words in names.items():
        try:
            check_name(words, row[name] or "")
        except UnusableValueError as error:
            return Rejection(source, external_id, str(error), row["position"])
    raise AssertionError(row)


def _storable_fields(table: pa.Table) -> pa.Table:
    """The table with fields that PostgreSQL can hold; only what may have a NUL is looked at one by one."""
    if "fields" not in table.column_names:
        return table
    fields: Any = table.column("fields")
    if not pc.any(pc.match_substring(fields, r"\u0000")).as_py():
        return table
    mended = [json_text(orjson.loads(value)) for value in fields.to_pylist()]
    return table.set_column(table.column_names.index("fields"), "fields", pa.array(mended, fields.type))
