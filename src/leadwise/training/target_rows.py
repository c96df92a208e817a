"""What a target's landmarks are to a fit: which rows, in which order, and what their columns are for."""

from dataclasses import replace

import pyarrow as pa

from leadwise.domain.card import Task
from leadwise.domain.target import Target
from leadwise.training.landmarks import ARRIVED_AT, AS_OF, EXTERNAL_ID, GROUP, SOURCE
from leadwise.training.options import FitOptions
from leadwise.training.period_splits import in_order_of_periods


def rows_of(target: Target, landmarks: pa.Table) -> pa.Table:
    """A landmark table in the order in which it is learnt from: of arrival, or of periods where there is a calendar."""
    table = landmarks.drop_columns([SOURCE, ARRIVED_AT])
    return table if target.calendar is None else in_order_of_periods(table, AS_OF)


def options_of(target: Target, options: FitOptions) -> FitOptions:
    """The options, with what the columns of `rows_of` are for, `OUTCOME` being renamed to the target's title."""
    return replace(
        options,
        outcome=target.title,
        value=target.task is Task.VALUE,
        id_column=EXTERNAL_ID,
        ordered=True,
        group_column=GROUP,
        as_of_column=AS_OF,
        horizon_days=target.horizon_days,
        by_period=target.calendar is not None,
        segments=_segment_columns(target),
    )


def _segment_columns(target: Target) -> tuple[str, ...]:
    """What the target's segments are called as columns."""
    titles = [field.title for field in target.fields if field.name in target.segments]
    if not target.features:
        return tuple(titles)
    return tuple(feature.name for feature in target.features if feature.of in titles)
