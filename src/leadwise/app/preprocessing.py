"""Preprocessing of a frame by itself: what `fit` can do before it learns, as a frame to look at or take elsewhere."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from leadwise.app.frames import from_arrow, to_arrow
from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.errors import Invalid
from leadwise.domain.frame import Feature, Floats
from leadwise.domain.preprocessing import read_preprocessing
from leadwise.features.columns import LEVEL_LIMIT, infer_columns
from leadwise.features.encoding import encode
from leadwise.features.numbers import parse_numbers
from leadwise.features.tally import tally
from leadwise.models.preprocessing.preprocessor import Preprocessor
from leadwise.training.errors import ColumnNotFoundError
from leadwise.training.outcome import read_outcome


class SelectionNeedsOutcomeError(Invalid):
    """Features are to be selected, but it is not said for what."""

    code = "selection_needs_outcome"

    def __init__(self) -> None:
        super().__init__(
            "feature_selection finds the features that tell most of an outcome; name the outcome's column, "
            "or leave feature_selection out."
        )


def preprocess(
    frame: Any,
    config: Mapping[str, Any],
    *,
    outcome: str | None = None,
    won: str | None = None,
    value: bool = False,
) -> Any:
    """The frame after the steps that `config` names, as the same kind of frame.

    Everything is learnt from this frame itself. To treat new rows like old ones, give the same config to `fit`: the
    model then keeps what was learnt from its training rows.

    Args:
        frame: pandas, polars or Arrow, a dict of columns, or a file's path.
        config: Steps by name: `missing_value_strategy` (mean, median, most_frequent, constant; then `fill_value`),
            `categorical_encoding` (one_hot, label), `feature_scaling` (standard, min_max), `feature_selection` (k_best,
            mutual_information; `selected_features` says how many, 10 unless told), `feature_engineering` (a list of
            time, interactions, log).
        outcome: The column that says how each lead ended; selection needs it, and it comes back as it was.
        won: The outcome value that means converted; None: yes, true, 1, won and the like.
        value: Whether the outcome is an amount.

    Returns:
        One column per feature: numbers, or texts of categories that were not encoded. Before them, as they came, the
        outcome and the columns that hold no features (identifiers, and those without any value).

    Raises:
        leadwise.domain.errors.LeadwiseError: with a sentence that says what to do.

    >>> table = preprocess({"visits": [2, None, 4], "city": ["Pune", "Oslo", None]},
    ...                    {"missing_value_strategy": "mean", "categorical_encoding": "one_hot"})
    >>> table.column_names
    ['visits', 'city = Oslo', 'city = Pune']
    >>> table["visits"].to_pylist(), table["city = Oslo"].to_pylist()
    ([2.0, 3.0, 4.0], [0.0, 1.0, 1.0])
    >>> preprocess({"visits": [1, 2]}, {"feature_selection": "k_best"})
    Traceback (most recent call last):
    leadwise.app.preprocessing.SelectionNeedsOutcomeError: feature_selection finds the features that tell most of ...
    """
    wanted = read_preprocessing(config)
    table = to_arrow(frame)
    if outcome is not None and outcome not in table.column_names:
        raise ColumnNotFoundError("outcome", outcome, table.column_names)
    if wanted.feature_selection is not None and outcome is None:
        raise SelectionNeedsOutcomeError
    columns = [_as_used(column, table) for column in infer_columns(table) if column.name != outcome]
    features = encode(table, [column for column in columns if column.parts])
    learnt, target = features, None
    if outcome is not None:
        found = read_outcome(table, outcome, won=won, value=value)
        learnt, target = features.take(found.known), found.values[found.known]
    prepared = Preprocessor.fit(wanted, learnt, target).transform(features)
    kept = [name for name in table.column_names if name == outcome or not _gives_features(name, columns)]
    names = list(_numbered([*kept, *prepared.names]))
    arrays = [*(table.column(name) for name in kept), *map(_to_array, prepared.features, prepared.values.T)]
    return from_arrow(pa.Table.from_arrays(arrays, names=names), like=frame)


def _as_used(column: Column, table: pa.Table) -> Column:
    """The column, with all that a model has no use for: a request may have few rows, and gets its values back.

    That is a column which is the same in every row, and a category's values that stand in one row only.
    """
    if column.kind in {ColumnKind.CATEGORY, ColumnKind.CODE}:
        once = sorted(set(map(str, tally(table.column(column.name)).texts.to_pylist())) - set(column.levels))
        return column.model_copy(update={"levels": (*column.levels, *once)[:LEVEL_LIMIT]})
    if column.kind is not ColumnKind.CONSTANT:
        return column
    text = str(column.typical)
    if not np.isnan(parse_numbers(pa.array([text]))).any():
        return column.model_copy(update={"kind": ColumnKind.NUMBER, "parts": ("value",)})
    return column.model_copy(update={"kind": ColumnKind.CATEGORY, "parts": ("value",), "levels": (text,)})


def _gives_features(name: str, columns: list[Column]) -> bool:
    return any(column.name == name and column.parts for column in columns)


def _to_array(feature: Feature, values: Floats) -> Any:
    """Numbers, or the texts of a category; null where nothing is given."""
    missing = np.isnan(values)
    if not feature.is_category:
        return pa.array(values, pa.float64(), mask=missing)
    words = np.array([*feature.levels, "another value"], dtype=object)
    return pa.array(words[np.where(missing, 0, values).astype(np.int64)], pa.string(), mask=missing)


def _numbered(names: list[str]) -> Iterator[str]:
    """The names, with a number behind those that stand a second time."""
    taken: set[str] = set()
    for name in names:
        free, number = name, 2
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        taken.add(free)
        yield free
