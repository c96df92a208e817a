"""Predicted against Kaplan-Meier on leads that no choice has looked at: by age, overall and by category."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats
from leadwise.domain.time_to_convert import HORIZONS, AgeCheck, SegmentCheck
from leadwise.features.placeholders import are_placeholders
from leadwise.features.texts import to_codes
from leadwise.models.hazards.spans import Spans
from leadwise.training.time_metrics import ShareByAge

FEWEST_IN_SEGMENT = 50
MOST_SEGMENTS = 60
SEGMENTED = {ColumnKind.CATEGORY, ColumnKind.CODE, ColumnKind.BOOLEAN}


@dataclass(frozen=True)
class Foretold:
    """What a model foretold of some leads, and what became of them.

    Args:
        ages: In days, ascending.
        probability: To have converted by each age, shape (rows, ages).
        spans: What was seen of each lead.
        watched: Days for which each was watched, whether it converted or not.
    """

    ages: Floats
    probability: Floats
    spans: Spans
    watched: Floats

    def take(self, rows: NDArray[np.intp]) -> "Foretold":
        """The leads at these positions."""
        return Foretold(self.ages, self.probability[rows], self.spans.take(rows), self.watched[rows])


def check_ages(told: Foretold, ages: Floats) -> tuple[AgeCheck, ...]:
    """Predicted against Kaplan-Meier at those of the ages for which some lead was watched."""
    seen = ShareByAge.of(told.spans, ages)
    at = np.searchsorted(told.ages, ages)
    return tuple(
        AgeCheck(
            days=float(age),
            predicted=float(told.probability[:, at[place]].mean()),
            observed=float(seen.share[place]),
            observed_interval=(float(seen.low[place]), float(seen.high[place])),
        )
        for place, age in enumerate(ages)
        if told.watched.max() >= age
    )


def check_segments(told: Foretold, table: pa.Table, columns: Sequence[Column]) -> tuple[SegmentCheck, ...]:
    """The same at the horizons, for each category with 50 or more leads; the largest ones where there are very many.

    Args:
        told: The leads.
        table: Their rows, in the same order.
        columns: The columns that the model knows.
    """
    horizons = told.ages[np.isin(told.ages, HORIZONS)]
    segments = (
        SegmentCheck(column=column.name, value=value, leads=len(rows), ages=check_ages(told.take(rows), horizons))
        for column in columns
        if column.kind in SEGMENTED and column.name in table.column_names
        for value, rows in _segments(table, column)
    )
    largest = sorted(segments, key=lambda segment: -segment.leads)[:MOST_SEGMENTS]
    return tuple(sorted(largest, key=lambda segment: segment.column))


def _segments(table: pa.Table, column: Column) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """The column's values with enough rows, most frequent first, and their rows."""
    coded = to_codes(table.column(column.name))
    known = ~are_placeholders(coded.texts)
    for code in np.argsort(-coded.counts, kind="stable"):
        if known[code] and coded.counts[code] >= FEWEST_IN_SEGMENT:
            yield str(coded.texts[int(code)].as_py()), np.flatnonzero(coded.codes == code)
