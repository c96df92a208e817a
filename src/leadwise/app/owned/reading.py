"""Rows as callers give them: raw fields of a lead become the columns that models know, by the code of the features."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from leadwise.app.owned.model_types import ModelType
from leadwise.domain.clock import now
from leadwise.domain.history import microseconds
from leadwise.features.arrival import features_on_arrival
from leadwise.features.email_domains import kind_of_address
from leadwise.features.texts import Values

Row = Mapping[str, Any]


def read_rows(model_type: ModelType, rows: Sequence[Row], *, keep: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The rows with the columns of `model_type` in place of the fields that they are made of.

    Args:
        model_type: Knows fields and columns.
        rows: Values by field or column; what is neither stays as it is.
        keep: Names that stay as they are, whatever they mean.

    >>> from leadwise.app.owned.model_types import LEAD_CONVERSION
    >>> read_rows(LEAD_CONVERSION, [{"email": "ada@lovelace.org", "job_title": "CEO", "lead_score": "85", "shoes": 38}])
    [{'shoes': 38, 'email_domain': 'business', 'job_title': 'executive', 'lead_score': 85.0}]
    """
    at, kept = microseconds(now()), frozenset(keep)
    return [_read(model_type, row, kept, at) for row in rows]


def unknown_names(model_type: ModelType, row: Row, unknown_columns: Iterable[str]) -> list[str]:
    """The names in a caller's row of which a model knows nothing that is made of them."""
    unknown = frozenset(unknown_columns)
    return [name for name in row if unknown.issuperset(model_type.sources.get(name) or (name,))]


def _read(model_type: ModelType, row: Row, keep: frozenset[str], at: int) -> dict[str, Any]:
    target = model_type.blueprint.target
    fields = {name: value for name, value in row.items() if model_type.sources.get(name) and name not in keep}
    said = features_on_arrival(target, fields, at)
    read = {name: value for name, value in row.items() if name not in fields}
    _read_domain(read, keep)
    for field in fields:
        for column in model_type.sources[field]:
            read[column] = said[model_type.fields[column]]
    return read


def _read_domain(read: dict[str, Any], keep: frozenset[str]) -> None:
    """A domain that was given in place of an address says what the address would."""
    domain = read.get("email_domain")
    if isinstance(domain, str) and "." in domain and "email_domain" not in keep:
        read["email_domain"] = kind_of_address(f"somebody@{domain.strip().removeprefix('@')}")


def to_table(rows: Sequence[Row]) -> pa.Table:
    """The rows as a table; a column of mixed types is one of texts.

    >>> to_table([{"a": 1}, {"a": "x", "b": True}]).to_pydict()
    {'a': ['1', 'x'], 'b': [None, True]}
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        return pa.table({})
    return pa.Table.from_arrays([_column([row.get(name) for row in rows]) for name in names], names=names)


def _column(values: list[Any]) -> Values:
    try:
        column: Values = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return column
