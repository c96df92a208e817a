"""How much happens at all: how often, on how many days, of how many kinds, and whether it grows."""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from leadwise.domain.target import Target
from leadwise.features.definition import Aggregate, FeatureDefinition, family, of_events
from leadwise.features.engines import Dialect
from leadwise.features.sql import count_of, days, hours, is_any, where, whole_days, within
from leadwise.features.tables import NONE
from leadwise.features.values import Say, Value, saying

MONTH_DAYS = 30


@family
def activity(target: Target, dialect: Dialect) -> Iterable[FeatureDefinition]:
    """Counts of everything that happened, its trend and rhythm. Days are those of 24 hours before the moment."""
    yield from _totals(target, dialect)
    yield from _days(target, dialect)
    yield from _rhythm(target, dialect)


def _totals(target: Target, dialect: Dialect) -> Iterator[FeatureDefinition]:
    for period, window_days in (("", None), (" in the last 24 hours", 1), (" in the last 7 days", 7)):
        yield _whole(
            target,
            f"All events{period}",
            "events",
            period.removeprefix(" in the last "),
            saying(f"Events{period}: {{value}}"),
            "coalesce({count}, 0)",
            of_events(count=count_of(dialect, within(window_days))),
        )
    yield _whole(
        target,
        "More events than the week before",
        "events",
        "14 days",
        _say_trend,
        "coalesce({week} - ({fortnight} - {week}), 0)",
        of_events(week=count_of(dialect, within(7)), fortnight=count_of(dialect, within(14))),
    )
    yield _whole(
        target,
        "Events of other kinds",
        "events",
        "",
        saying("Events of rare kinds: {value}"),
        "coalesce({count}, 0)",
        of_events(count=count_of(dialect, is_any("kind", [NONE]))),
    )
    kinds = of_events(
        **{f"kind_{place}": count_of(dialect, is_any("kind", [place])) for place in range(len(target.events))},
    )
    met = " + ".join(f"CASE WHEN {{{name}}} > 0 THEN 1 ELSE 0 END" for name in kinds) or "0"
    yield _whole(target, "Kinds of events", "kinds", "", saying("Different kinds of events: {value}"), met, kinds)


def _days(target: Target, dialect: Dialect) -> Iterator[FeatureDefinition]:
    """One bit for each day with an event: the bit of value 1 is for the last 24 hours."""
    active = where("bit_or", dialect.power_of_two(whole_days("age")), within(MONTH_DAYS))
    yield _whole(
        target,
        "Active days in the last 30 days",
        "days",
        "30 days",
        saying("Days with events in the last 30 days: {value}"),
        "coalesce(bit_count({active}), 0)",
        of_events(active=active),
    )
    # The lowest bit that is not set is the latest day without an event; less one, it is all days since.
    yield _whole(
        target,
        "Days in a row with events",
        "days",
        "30 days",
        saying("Days in a row with events, up to now: {value}"),
        "coalesce(bit_count((~{active} & ({active} + 1)) - 1), 0)",
        of_events(active=active),
    )


def _rhythm(target: Target, dialect: Dialect) -> Iterator[FeatureDefinition]:
    yield FeatureDefinition(
        name="Events per day since arrival",
        entity=target.entity,
        unit="events",
        window="",
        dtype=pa.float64(),
        missing="",
        say=saying("Events per day since arrival: {value}"),
        value=f"coalesce({{count}}, 0) / greatest({days('as_of - arrived_at')}, 1e0)",
        aggregates=of_events(count=count_of(dialect)),
    )
    yield FeatureDefinition(
        name="Hours between events on average",
        entity=target.entity,
        unit="hours",
        window="",
        dtype=pa.float64(),
        missing="There were not two events yet",
        say=saying("On average {value} between events", "hours"),
        value=f"CASE WHEN {{count}} > 1 THEN {hours('{last} - {first}')} / ({{count}} - 1) END",
        aggregates=of_events(count=count_of(dialect), first="min(occurred_at)", last="max(occurred_at)"),
    )
    gap = "max(occurred_at - coalesce(occurred_before, arrived_at))"
    yield FeatureDefinition(
        name="Hours of the longest silence",
        entity=target.entity,
        unit="hours",
        window="",
        dtype=pa.float64(),
        missing="",
        say=saying("The longest time in which nothing happened was {value}", "hours"),
        value=hours("greatest(coalesce({gap}, 0), as_of - coalesce({last}, arrived_at))"),
        aggregates=of_events(gap=gap, last="max(occurred_at)"),
    )


def _whole(
    target: Target, name: str, unit: str, window: str, say: Say, value: str, aggregates: Mapping[str, Aggregate]
) -> FeatureDefinition:
    return FeatureDefinition(
        name=name,
        entity=target.entity,
        unit=unit,
        window=window,
        dtype=pa.int64(),
        missing="",
        say=say,
        value=value,
        aggregates=aggregates,
    )


def _say_trend(value: Value) -> str:
    more = value if isinstance(value, int) else 0
    if more == 0:
        return "As active as in the week before"
    return f"{abs(more):,} {'more' if more > 0 else 'fewer'} events than in the week before"
