"""Rows of a file as records: one table with the columns that the store takes, and the rows that are none, with why."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from leadwise.connectors.records.columns import RecordColumns
from leadwise.connectors.records.json_fields import json_objects
from leadwise.connectors.records.mapping import Origin, RecordKind
from leadwise.connectors.records.stamps import INSTANT, read_stamps

pc: Any = pyarrow.compute

YES = ("true", "yes", "1", "1.0", "won", "y", "t")
NO = ("false", "no", "0", "0.0", "lost", "n", "f")
_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?$"
Reasons = list[Any]


@dataclass(frozen=True)
class Records:
    """Rows of a file that are records.

    Args:
        table: Source, external_id, lead_source, lead_external_id, kind or target, won, value, occurred_at, recorded_at
            (`timestamp[us, UTC]`), fields (JSON text), entity, merged_into: those that there are of the kind. In order
            of external ids, in which they are stored fastest.
        rows: The position of each in the rows that were given, from 0.
        rejected: The positions of the others, each with the reason in a sentence.
    """

    table: pa.Table
    rows: np.ndarray[tuple[int], np.dtype[np.int64]]
    rejected: dict[int, str]


def read_records(table: pa.Table, columns: RecordColumns, recorded_at: datetime) -> Records:
    """The records in rows of a file.

    Args:
        table: The rows.
        columns: What their columns are.
        recorded_at: When all is recorded of which the file does not say that.
    """
    reasons: Reasons = []
    rows = _Rows(table.combine_chunks(), columns, recorded_at, reasons)
    made = pa.table({name: read() for name, read in _READERS[columns.kind](rows).items()})
    if columns.kind is not RecordKind.LEADS and "external_id" not in columns.roles:
        made = made.append_column("external_id", _digests(made))
    reason = pc.coalesce(*reasons, pa.nulls(table.num_rows, pa.string()))
    bad = np.flatnonzero(np.asarray(pc.is_valid(reason)))
    good = np.flatnonzero(np.asarray(pc.is_null(reason)))
    good = good[np.asarray(pc.sort_indices(made["external_id"].take(good)))]
    texts = reason.take(pa.array(bad)).to_pylist()
    return Records(made.take(good), good, dict(zip(bad.tolist(), texts, strict=True)))


class _Rows:
    """Reads each role of the rows as a column; appends a column of reasons for each that may be unusable."""

    def __init__(self, table: pa.Table, columns: RecordColumns, recorded_at: datetime, reasons: Reasons) -> None:
        self._table, self._columns, self._recorded_at, self._reasons = table, columns, recorded_at, reasons

    def text(self, role: str, otherwise: str | None = None) -> Any:
        """A column of texts; without a place of its own, that of the other role."""
        origin = self._columns.roles.get(role)
        if origin is None:
            assert otherwise is not None
            return self.text(otherwise)
        texts = pc.utf8_trim_whitespace(self._values(origin).cast(pa.string()))
        empty = pc.equal(pc.fill_null(texts, ""), "")
        self._reasons.append(_where(empty, f"Its {role} is empty."))
        return texts

    def has(self, role: str) -> bool:
        """Whether anything says what the role is."""
        return role in self._columns.roles

    def entity(self) -> Any:
        """What kind of things the leads are."""
        return pa.repeat(self._columns.entity, self._table.num_rows)

    def optional_text(self, role: str) -> Any:
        """A column of texts, null where there is none."""
        origin = self._columns.roles[role]
        texts = pc.utf8_trim_whitespace(self._values(origin).cast(pa.string()))
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)

    def stamps(self, role: str) -> Any:
        """A column of instants; the instant of the import where the file does not say when it was recorded."""
        origin = self._columns.roles.get(role)
        if origin is None:
            return pa.repeat(pa.scalar(self._recorded_at, INSTANT), self._table.num_rows)
        instants, reasons = read_stamps(role, self._values(origin), self._columns.timezone, self._columns.stamps)
        self._reasons.append(reasons)
        return instants

    def won(self) -> Any:
        """A column of yes and no."""
        texts = pc.utf8_lower(pc.utf8_trim_whitespace(self._values(self._columns.roles["won"]).cast(pa.string())))
        yes, no = (pc.is_in(texts, value_set=pa.array(words)) for words in (YES, NO))
        told = pc.binary_join_element_wise('Its won "', pc.fill_null(texts, ""), '" is neither yes nor no.', "")
        self._reasons.append(_where(pc.invert(pc.or_(yes, no)), told))
        return yes

    def value(self) -> Any:
        """A column of numbers, null where none is given."""
        origin = self._columns.roles.get("value")
        if origin is None:
            return pa.nulls(self._table.num_rows, pa.float64())
        texts = pc.utf8_trim_whitespace(self._values(origin).cast(pa.string()))
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        is_number = pc.match_substring_regex(texts, _NUMBER)
        told = pc.binary_join_element_wise('Its value "', texts, '" is no number such as 1234.5.', "")
        self._reasons.append(_where(pc.fill_null(pc.invert(is_number), fill_value=False), told))
        return pc.if_else(is_number, texts, pa.scalar(None, pa.string())).cast(pa.float64())

    def fields(self) -> Any:
        """What stands in fields, as JSON. An event has no field where it says nothing; a lead says that it is empty."""
        chosen = {name: _flat(self._table.column(column)) for name, column in self._columns.fields.items()}
        with_nulls = self._columns.kind is RecordKind.LEADS
        return json_objects(chosen, self._table.num_rows, with_nulls=with_nulls)

    def _values(self, origin: Origin) -> Any:
        if origin.column is None:
            return pa.repeat(str(origin.constant), self._table.num_rows)
        return _flat(self._table.column(origin.column))


def _leads(rows: _Rows) -> dict[str, Callable[[], Any]]:
    found = {
        "source": lambda: rows.text("source"),
        "external_id": lambda: rows.text("external_id"),
        "entity": rows.entity,
        "occurred_at": lambda: rows.stamps("occurred_at"),
        "recorded_at": lambda: rows.stamps("recorded_at"),
        "fields": rows.fields,
    }
    merges = {"merged_into": lambda: rows.optional_text("merged_into")}
    return found | (merges if rows.has("merged_into") else {})


def _events(rows: _Rows) -> dict[str, Callable[[], Any]]:
    return _of_leads(rows) | {"kind": lambda: rows.text("kind"), "fields": rows.fields}


def _outcomes(rows: _Rows) -> dict[str, Callable[[], Any]]:
    return _of_leads(rows) | {"target": lambda: rows.text("target"), "won": rows.won, "value": rows.value}


def _of_leads(rows: _Rows) -> dict[str, Callable[[], Any]]:
    found = {
        "source": lambda: rows.text("source"),
        "lead_source": lambda: rows.text("lead_source", otherwise="source"),
        "lead_external_id": lambda: rows.text("lead"),
        "occurred_at": lambda: rows.stamps("occurred_at"),
        "recorded_at": lambda: rows.stamps("recorded_at"),
    }
    own = {"external_id": lambda: rows.text("external_id")}
    return found | (own if rows.has("external_id") else {})


_READERS: dict[RecordKind, Callable[[_Rows], dict[str, Callable[[], Any]]]] = {
    RecordKind.LEADS: _leads,
    RecordKind.EVENTS: _events,
    RecordKind.OUTCOMES: _outcomes,
}


def _digests(records: pa.Table) -> Any:
    """An identifier of each record's content; when it was recorded is no part of that."""
    parts = [records.column(name).cast(pa.string()) for name in records.column_names if name != "recorded_at"]
    joined = pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), "\x1f")
    return pa.array([hashlib.sha256(text.encode()).hexdigest()[:32] for text in joined.to_pylist()], pa.string())


def _where(mask: Any, reason: Any) -> Any:
    return pc.if_else(mask, reason, pa.scalar(None, pa.string()))


def _flat(column: Any) -> Any:
    """A column as one array without dictionary, since not all functions know those."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    array = array if not isinstance(array, pa.ChunkedArray) else pa.concat_arrays(array.chunks)
    return array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array
