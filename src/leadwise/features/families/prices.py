"""Prices against their markets: what a lead asks about costs more or less than what others ask about."""

from collections.abc import Iterable
from functools import partial

import pyarrow as pa

from leadwise.domain.target import LeadField, Target
from leadwise.features.aspects import aspects
from leadwise.features.definition import Aggregate, FeatureDefinition, Known, family
from leadwise.features.engines import Dialect
from leadwise.features.markets import FEWEST_PRICES, WINDOW_DAYS
from leadwise.features.sql import where
from leadwise.features.values import Value

LIKE_THE_MARKET = 0.005
"""Up to half a percent, people say that it is the same."""


@family
def prices(target: Target, _dialect: Dialect) -> Iterable[FeatureDefinition]:
    """The latest price, divided by the median of its market (`features.markets`)."""
    numbers = [aspect.field.name if aspect.column == "number" else None for aspect in aspects(target)]
    titles = {field.name: field.title for field in target.fields}
    for place, field in enumerate(target.prices):
        latest = where("max", "number", f"aspect = {numbers.index(field.name)}")
        alike = " and ".join(titles[name] for name in field.market)
        yield FeatureDefinition(
            name=f"{field.title}: against its market",
            entity=target.entity,
            unit="",
            window=f"{WINDOW_DAYS} days",
            dtype=pa.float64(),
            missing=f"{field.title} is not given, or fewer than {FEWEST_PRICES} prices are known of the same {alike}",
            say=partial(_say, field, alike),
            value=f"CASE WHEN {{latest}} > 0 THEN {{latest}} / median_{place} END",
            aggregates={"latest": Aggregate(Known.STATEMENTS, latest)},
        )


def _say(field: LeadField, alike: str, value: Value) -> str:
    apart = (value if isinstance(value, int | float) else 1) - 1
    if abs(apart) < LIKE_THE_MARKET:
        return f"{field.title} is the median of the same {alike}"
    return f"{field.title} is {abs(apart):.0%} {'above' if apart > 0 else 'below'} the median of the same {alike}"
