"""Rows of a table as leads: what each is called, when it arrived, and what its fields hold."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from leadwise.app.importing_roles import Roles
from leadwise.domain.column import ColumnKind
from leadwise.domain.errors import Invalid
from leadwise.domain.lead import Fields
from leadwise.features.columns import infer_column
from leadwise.features.encoding import to_numbers
from leadwise.features.texts import to_text
from leadwise.store.results import Rejection

ROWS_AT_ONCE = 10_000
SECONDS_PER_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoDatesError(Invalid):
    """The time column says no dates."""

    code = "no_dates"

    def __init__(self, column: str, kind: str) -> None:
        self.column, self.kind = column, kind
        super().__init__(
            f"--time {column!r} should hold the dates at which leads arrived, but holds {kind} values; "
            "name another column, or leave it out to let them count as arrived now."
        )


@dataclass(frozen=True)
class NamedRows:
    """Every row's identifier.

    Args:
        names: By row; None for a rejected one.
        rejected: Rows without an identifier of their own, with the reason.
    """

    names: list[str | None]
    rejected: tuple[Rejection, ...]


@dataclass(frozen=True)
class Times:
    """When each row's lead arrived, and for how many that could not be read."""

    instants: list[datetime]
    unknown: int


def name_rows(table: pa.Table, roles: Roles, source: str) -> NamedRows:
    """Every row's identifier: that of the id column, or else a fingerprint of its fields.

    Rows with the same fields are told apart by their number among their like, so that none is lost, and so that the
    same table gives the same names again.
    """
    if roles.id_column is not None:
        return _named_by_column(table, roles.id_column, source)
    seen: Counter[str] = Counter()
    names: list[str | None] = []
    for fields in read_fields(table, roles.fields):
        fingerprint = hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
        seen[fingerprint] += 1
        names.append(f"{fingerprint}-{seen[fingerprint]}")
    return NamedRows(names, ())


def _named_by_column(table: pa.Table, id_column: str, source: str) -> NamedRows:
    first: dict[str, int] = {}
    names: list[str | None] = []
    rejected: list[Rejection] = []
    for row, text in enumerate(to_text(table.column(id_column)).to_pylist(), start=1):
        name = (text or "").strip()
        reason = f"Row {row:,} has nothing in {id_column!r}." if not name else ""
        if name and first.setdefault(name, row) != row:
            reason = f"Row {row:,} repeats the identifier {name!r} of row {first[name]:,}."
        names.append(None if reason else name)
        if reason:
            rejected.append(Rejection(source, name, reason))
    return NamedRows(names, tuple(rejected))


def read_times(table: pa.Table, time_column: str | None, *, unknown: datetime) -> Times:
    """When each row's lead arrived; times without a zone are taken as UTC.

    Args:
        table: The table.
        time_column: The column of dates; None where there is none.
        unknown: Stands where the column has no date.

    Raises:
        NoDatesError: if the column holds no dates.
    """
    if time_column is None:
        return Times([unknown] * table.num_rows, 0)
    column = infer_column(time_column, table.column(time_column))
    days = to_numbers(table.column(time_column), column.model_copy(update={"kind": ColumnKind.DATE}))
    # One date in all rows makes the column a constant, and is a date all the same.
    if column.kind not in {ColumnKind.DATE, ColumnKind.CONSTANT} or np.isnan(days).all():
        raise NoDatesError(time_column, column.kind)
    instants = [unknown if np.isnan(day) else _EPOCH + timedelta(seconds=round(day * SECONDS_PER_DAY)) for day in days]
    return Times(instants, int(np.isnan(days).sum()))


def read_fields(table: pa.Table, names: tuple[str, ...]) -> Iterator[Fields]:
    """The fields of each row, as written; an empty text is null, "not given"."""
    chosen = table.select(list(names))
    for start in range(0, table.num_rows, ROWS_AT_ONCE):
        # Column by column: Arrow makes rows of a wide table much more slowly.
        piece = chosen.slice(start, ROWS_AT_ONCE)
        columns = [[_as_json(value) for value in column.to_pylist()] for column in piece.columns]
        for row in range(min(ROWS_AT_ONCE, table.num_rows - start)):
            yield {name: column[row] for name, column in zip(names, columns, strict=True)}


def _as_json(value: Any) -> Any:
    """The value as JSON can hold it."""
    if value is None or value == "":
        return None
    if isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)
