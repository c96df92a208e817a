"""Sums, means and extremes of the numbers among events' particulars: what was ordered, how long a call was."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from leadwise.domain.target import EventKind, EventNumber, Target
from leadwise.features.definition import FeatureDefinition, family, of_events
from leadwise.features.engines import Dialect
from leadwise.features.sql import where, within
from leadwise.features.values import saying

_DIGITS = 6
"""Sums are rounded to so many, so that the order of adding does not show."""


@family
def amounts(target: Target, _dialect: Dialect) -> Iterable[FeatureDefinition]:
    """Total, recent total, average and largest of each number of each kind of event."""
    titles = [number.title for kind in target.events for number in kind.numbers]
    for place, kind in enumerate(target.events):
        for number in kind.numbers:
            title = number.title if titles.count(number.title) == 1 else f"{kind.title}: {number.title}"
            yield from _of_number(target, kind, number, title, f"kind = {place}")


def _of_number(
    target: Target, kind: EventKind, number: EventNumber, title: str, condition: str
) -> Iterator[FeatureDefinition]:
    column = f"number_{target.numbers.index(number.name)}"
    lately = f"{condition} AND {within(30)}"
    total, of_late = where("sum", column, condition), where("sum", column, lately)
    rounded, unit = f"round({{value}}, {_DIGITS})", f" {number.unit}".rstrip()
    for name, sentence, window, missing, value, aggregate in (
        ("", "{value}", "", "", f"coalesce({rounded}, 0e0)", total),
        (" in the last 30 days", "{value} in the last 30 days", "30 days", "", f"coalesce({rounded}, 0e0)", of_late),
        (" on average", "{value} on average", "", kind.never, rounded, where("avg", column, condition)),
        (" at most", "{value} at most", "", kind.never, "{value}", where("max", column, condition)),
    ):
        yield FeatureDefinition(
            name=title + name,
            entity=target.entity,
            unit=number.unit,
            window=window,
            dtype=pa.float64(),
            missing=missing,
            say=saying(f"{title}: {sentence.replace('{value}', '{value}' + unit)}"),
            value=value,
            aggregates=of_events(value=aggregate),
        )
