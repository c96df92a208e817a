"""Rows after the steps that a caller asks for, and what they were like before."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leadwise.app.owned.model_types import ModelType
from leadwise.app.owned.reading import Row, read_rows, to_table
from leadwise.app.owned.rows import NoSuchColumnError
from leadwise.app.preprocessing import preprocess
from leadwise.domain.card import Task
from leadwise.domain.errors import Invalid
from leadwise.monitoring.quality import describe_quality

if TYPE_CHECKING:
    import pyarrow as pa


class NothingGivenError(Invalid):
    """There is nothing to preprocess."""

    code = "nothing_given"

    def __init__(self) -> None:
        super().__init__("data should hold at least one row with at least one field, but holds none.")


def preprocess_rows(
    model_type: ModelType, rows: Sequence[Row], config: Mapping[str, Any], outcome: str | None
) -> dict[str, Any]:
    """The processed rows, their columns, and the quality of what came in.

    Raises:
        NothingGivenError: if nothing came in.
        NoSuchColumnError, SelectionNeedsOutcomeError and their kin: if steps do not fit the rows.
    """
    table = to_table(read_rows(model_type, rows, keep=[outcome] if outcome else []))
    if not table.num_columns:
        raise NothingGivenError
    if outcome and outcome not in table.column_names:
        raise NoSuchColumnError("target_column", outcome, table.column_names)
    value = model_type.task is Task.VALUE
    processed: pa.Table = preprocess(table, config, outcome=outcome, value=value) if config or outcome else table
    return {
        "processed_data": processed.to_pylist(),
        "columns": processed.column_names,
        "original_columns": list(dict.fromkeys(name for row in rows for name in row)),
        "row_count": processed.num_rows,
        "config": dict(config),
        "data_quality_report": describe_quality(table).model_dump(mode="json"),
    }
