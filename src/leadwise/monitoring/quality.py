"""What a table's values are like: what is missing, what stands twice, what lies far out."""

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from leadwise.domain.column import ColumnKind
from leadwise.features.columns import infer_columns
from leadwise.features.encoding import NUMERIC, to_numbers
from leadwise.features.texts import to_codes

FENCE = 1.5
"""So many times the distance between the quartiles beyond them a value lies far out (Tukey 1977, section 2C)."""


class ColumnQuality(BaseModel):
    """One column."""

    name: str
    type: ColumnKind
    missing: int
    missing_share: float
    distinct: int
    outliers: int | None
    """Values beyond Tukey's fences; null where the column holds no numbers."""


class DataQuality(BaseModel):
    """A table."""

    rows: int
    duplicate_rows: int
    completeness: float
    """Share of all cells that hold a value."""
    columns: list[ColumnQuality]


def describe_quality(table: pa.Table) -> DataQuality:
    """What a table's values are like.

    >>> found = describe_quality(pa.table({"visits": [1, 2, 2, 3, None, 90], "city": ["a", "b", "b", "a", "a", "b"]}))
    >>> found.duplicate_rows, found.columns[0].missing, found.columns[0].outliers
    (1, 1, 1)
    """
    rows = table.num_rows
    columns = []
    codes = []
    for column in infer_columns(table):
        coded = to_codes(table.column(column.name))
        codes.append(coded.codes)
        missing = round(column.missing_share * rows)
        columns.append(
            ColumnQuality(
                name=column.name,
                type=column.kind,
                missing=missing,
                missing_share=column.missing_share,
                distinct=column.distinct,
                outliers=_outliers(to_numbers(table.column(column.name), column)) if column.kind in NUMERIC else None,
            )
        )
    distinct = len(np.unique(np.column_stack(codes), axis=0)) if codes and rows else rows
    cells = rows * len(columns)
    given = 1 - sum(each.missing for each in columns) / cells if cells else 1.0
    return DataQuality(rows=rows, duplicate_rows=rows - distinct, completeness=given, columns=columns)


def _outliers(numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    given = numbers[~np.isnan(numbers)]
    if not len(given):
        return 0
    low, high = np.quantile(given, (0.25, 0.75))
    with np.errstate(over="ignore"):  # fences beyond what numbers reach are none
        reach = FENCE * (high - low)
        return int(np.sum((given < low - reach) | (given > high + reach)))
