"""Sums, means and extremes of the numbers among events' particulars: what was ordered, how long a call was."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from leadwise.domain.target import EventKind, EventNumber, Target
from leadwise.features.definition import FeatureDefinition, family, of_events
from leadwise.features.engines import Dialect
from leadwise.features.sql import is_any, where, within
from leadwise.features.values import saying

_ROUNDED = "round({total} * 1e6) / 1e6"
"""To millionths, so that the order of adding does not show; spelt so that all engines round alike."""
_SUM = f"coalesce({_ROUNDED}, 0e0)"
_MEAN = f"{_ROUNDED} / nullif({{count}}, 0)"
"""Of a rounded sum: a mean may lie half-way between two millionths, where the order of adding would decide."""


@family
def amounts(target: Target, _dialect: Dialect) -> Iterable[FeatureDefinition]:
    """Total, recent total, average and largest of each number of each kind of event."""
    titles = [number.title for kind in target.events for number in kind.numbers]
    for place, kind in enumerate(target.events):
        for number in kind.numbers:
            title = number.title if titles.count(number.title) == 1 else f"{kind.title}: {number.title}"
            yield from _of_number(target, kind, number, title, place)


def _of_number(
    target: Target, kind: EventKind, number: EventNumber, title: str, place: int
) -> Iterator[FeatureDefinition]:
    column, own = f"number_{target.numbers.index(number.name)}", is_any("kind", [place])
    total = where("sum", column, own)
    unit = f" {number.unit}".rstrip()
    for name, window, missing, value, aggregates in (
        ("", "", "", _SUM, {"total": total}),
        (" in the last 30 days", "30 days", "", _SUM, {"total": where("sum", column, own, within(30))}),
        (
            " on average",
            "",
            kind.never,
            _MEAN,
            {"total": total, "count": where("count", column, own)},
        ),
        (" at most", "", kind.never, "{most}", {"most": where("max", column, own)}),
    ):
        yield FeatureDefinition(
            name=title + name,
            entity=target.entity,
            unit=number.unit,
            window=window,
            dtype=pa.float64(),
            missing=missing,
            say=saying(f"{title}: {{value}}{unit}{name}"),
            value=value,
            aggregates=of_events(**aggregates),
        )
