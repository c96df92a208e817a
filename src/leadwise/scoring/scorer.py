"""Scores of a table's rows: probability or value, grade, action, and reasons that add up."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from leadwise.domain.card import ModelCard, Task
from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats, Frame
from leadwise.domain.time_to_convert import HORIZONS
from leadwise.features.encoding import missing_columns, new_columns, to_numbers
from leadwise.features.matching import is_any_of
from leadwise.features.placeholders import are_placeholders
from leadwise.features.texts import Texts, to_codes, to_text
from leadwise.models.algorithm import Explanation
from leadwise.models.hazards.hazard_model import HazardModel
from leadwise.models.margins import sigmoid
from leadwise.scoring.reasons import reason_columns
from leadwise.training.fitted_model import FittedModel
from leadwise.training.grading import grade_of

ROWS_AT_ONCE = 20_000
NAMES_SHOWN = 8
OF_ANY_TEXT = {ColumnKind.CODE, ColumnKind.TEXT}
"""Columns of these kinds are expected to hold values that no one has seen before."""


def score_table(
    model: FittedModel,
    table: pa.Table,
    *,
    reasons: int = 3,
    exact: bool = False,
    first_row: int = 1,
    explanation: Explanation | None = None,
) -> pa.Table:
    """One row of scores per row of the table, in its order.

    Columns: `id, probability, grade, action` (or `id, value, value_low, value_high, action`), `reason_1,
    contribution_1` and so on, `model_version`; of a conversion model then `probability_low, probability_high`: the
    conversion rate of leads with such a score lies between them four times of five (null where the model file is older
    than this). Contributions are in log-odds (or in units of the value); with as many reasons as the model has columns,
    they and the card's `base` add up to the log-odds of the probability (or to the value, which is 0 where that sum is
    below 0 and no amount ever was). A model of time to conversion gives
    `probability_7_days, ..., probability_90_days, median_days` last, counted from the lead's creation: null where
    nobody was watched for so long, as are the two ends of the rate.

    Args:
        model: A fitted model.
        table: The rows; columns that the model knows and the table lacks count as not given.
        reasons: How many reasons to give.
        exact: Whether contributions must be Shapley values, which take longer.
        first_row: The number of the first row, where rows are identified by number.
        explanation: What `model.explain` gave for these rows, where the caller has it.
    """
    frame = model.encode(table)
    if explanation is None and reasons:
        explanation = model.explain(frame, exact=exact)
    margins = model.margins(frame) if explanation is None else explanation.margins
    found: dict[str, object] = {"id": _ids(model.card, table, first_row).cast(pa.string())}
    found |= judge(model, margins)
    ranks = reason_columns(table, model.columns, explanation.contributions, reasons) if explanation else []
    for rank, (words, weights) in enumerate(ranks, start=1):
        found[f"reason_{rank}"] = pa.array(words, pa.string())
        found[f"contribution_{rank}"] = pa.array(weights, pa.float64())
    found["model_version"] = pa.array([model.card.model_version] * table.num_rows, pa.string())
    if model.card.task is Task.CONVERSION:
        found |= _rates(model, margins)
    if isinstance(model.algorithm, HazardModel):
        found |= _times(model.algorithm, frame)
    return pa.table(found)


def score_in_batches(
    model: FittedModel,
    table: pa.Table,
    *,
    reasons: int = 3,
    exact: bool = False,
    report: Callable[[int], None] | None = None,
) -> Iterator[pa.Table]:
    """The same scores piece by piece, so that memory stays bounded; `report` hears how many rows are done."""
    for start in range(0, table.num_rows, ROWS_AT_ONCE):
        piece = table.slice(start, ROWS_AT_ONCE)
        yield score_table(model, piece, reasons=reasons, exact=exact, first_row=start + 1)
        if report is not None:
            report(start + piece.num_rows)


def explain_differences(model: FittedModel, table: pa.Table) -> list[str]:
    """Sentences on columns that the table lacks or has beyond those that the model was fitted with."""
    differences = []
    missing = missing_columns(table, model.columns)
    if missing:
        count = "1 column" if len(missing) == 1 else f"{len(missing)} columns"
        differences.append(
            f"The table lacks {count} that the model knows, which count as not given; scores are less sure: "
            f"{_named(missing)}."
        )
    unlike = [column.name for column in model.columns if _is_unlike(table, column)]
    if unlike:
        differences.append(
            "Most values of these columns are unlike all that the model was fitted with, and tell it nothing; "
            f"check that no columns were mixed up: {_named(unlike)}."
        )
    known = {report.name for report in model.card.columns}
    new = [name for name in new_columns(table, model.columns) if name not in known]
    if new:
        differences.append(f"Columns that the model does not know were not used: {_named(new)}.")
    return differences


def _is_unlike(table: pa.Table, column: Column) -> bool:
    """Whether most of what stands in a column's first rows is no number, date or level that the model knows."""
    if column.kind in OF_ANY_TEXT or column.name not in table.column_names:
        return False
    coded = to_codes(table.column(column.name).slice(0, ROWS_AT_ONCE))
    given = ~(are_placeholders(coded.texts) | is_any_of(coded.texts, column.missing_values))
    read = to_numbers(coded.texts, column)
    unlike = given & (np.isnan(read) | ((read == len(column.levels)) & (column.kind is ColumnKind.CATEGORY)))
    return bool(coded.counts[unlike].sum() > coded.counts[given].sum() / 2)


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{shown} and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else shown


def _ids(card: ModelCard, table: pa.Table, first_row: int) -> Texts:
    """The id column's texts; row numbers where there is none."""
    name = card.data.id_column
    numbers = [str(number) for number in range(first_row, first_row + table.num_rows)]
    if name is None or name not in table.column_names:
        return pa.array(numbers, pa.string())
    return to_text(table.column(name))


def judge(model: FittedModel, margins: Floats) -> dict[str, "pa.Array[Any]"]:
    """What margins mean, by row: `probability, grade, action`, or `value, value_low, value_high, action`."""
    return _probabilities(model, margins) if model.card.task is Task.CONVERSION else _values(model, margins)


def _probabilities(model: FittedModel, margins: Floats) -> dict[str, "pa.Array[Any]"]:
    probability = sigmoid(margins)
    bounds = {grade.grade: grade.minimum_probability for grade in model.card.grades}
    actions = {grade.grade: grade.action for grade in model.card.grades}
    grades = grade_of(probability, bounds)
    return {
        "probability": pa.array(probability, pa.float64()),
        "grade": pa.array(grades.tolist(), pa.string()),
        "action": pa.array([actions[grade] for grade in grades.tolist()], pa.string()),
    }


def _rates(model: FittedModel, margins: Floats) -> dict[str, object]:
    """How sure probabilities are."""
    unknown = np.full(len(margins), np.nan)
    low, high = model.score_intervals.around(margins) if model.score_intervals else (unknown, unknown)
    return {
        "probability_low": pa.array(low, pa.float64(), from_pandas=True),
        "probability_high": pa.array(high, pa.float64(), from_pandas=True),
    }


def _times(model: HazardModel, frame: Frame) -> dict[str, object]:
    """Probabilities by horizon, and the median; null beyond what was observed."""
    cumulative, median = model.cumulative(frame), model.median_days(frame)
    by_age = dict(zip(model.ages[1:].tolist(), (-np.expm1(-cumulative)).T, strict=True))
    unknown = np.full(len(frame), np.nan)
    found = {f"probability_{days}_days": by_age.get(float(days), unknown) for days in HORIZONS} | {
        "median_days": median
    }
    return {name: pa.array(numbers, pa.float64(), mask=np.isnan(numbers)) for name, numbers in found.items()}


def _values(model: FittedModel, margins: Floats) -> dict[str, "pa.Array[Any]"]:
    assert model.intervals is not None
    value = model.amounts(margins)
    low, high = model.intervals.around(value)
    lowest = np.array([band.minimum_value for band in model.card.value_bands])
    actions = [band.action for band in model.card.value_bands]
    band = np.where((value[:, None] >= lowest).any(axis=1), (value[:, None] >= lowest).argmax(axis=1), -1)
    return {
        "value": pa.array(value, pa.float64()),
        "value_low": pa.array(low, pa.float64()),
        "value_high": pa.array(high, pa.float64()),
        "action": pa.array([actions[place] for place in band], pa.string()),
    }
