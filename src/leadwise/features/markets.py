"""The market of a price: the median of what is asked by leads that agree in the fields that make the market.

A market is looked at as of the beginning of each day (UTC), so that it is the same for all leads that are looked at on
that day. Each lead has one price in it: the latest one that was known, if it was stated in the 180 days before. What a
lead's market and price are at a moment follows from what was known then, so that nothing later changes a median.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadwise.domain.history import MOMENTS, History
from leadwise.domain.target import LeadField, Target
from leadwise.features.engines import Engine
from leadwise.features.tables import places_in_time
from leadwise.features.values import MICROSECONDS_PER_DAY

WINDOW_DAYS = 180
FEWEST_PRICES = 5
"""Of so many, two may be wrong by any amount and the median is still among the others."""
_DAY = f"as_of - ((as_of % {MICROSECONDS_PER_DAY}) + {MICROSECONDS_PER_DAY}) % {MICROSECONDS_PER_DAY}"
"""`beginning_of_day`, also before 1970."""


def beginning_of_day(as_of: int) -> int:
    """The instant as of which markets are looked at, for one in its day.

    >>> beginning_of_day(86_400_000_001)
    86400000000
    """
    return as_of - as_of % MICROSECONDS_PER_DAY


def with_medians(target: Target, history: History, moments: pa.Table, engine: Engine) -> pa.Table:
    """The moments with the market of each of the target's prices, unless they have it.

    Args:
        target: Its `prices` name the fields that make their markets.
        history: Of all leads, or of some with the `others` of their markets.
        moments: `lead` and `as_of`.
        engine: What computes.

    Returns:
        `lead`, `as_of`, and for each place in `target.prices` two columns: `median_<place>` (null where there are fewer
        than `FEWEST_PRICES`) and `prices_<place>`, of how many.
    """
    added = [f"{name}_{place}" for place in range(len(target.prices)) for name in ("median", "prices")]
    if set(added) <= set(moments.column_names):
        return moments.select([*MOMENTS.names, *added])
    asked = moments.select(MOMENTS.names).cast(MOMENTS)
    numbered = asked.append_column("row", pa.array(np.arange(len(asked))))
    said = pa.concat_tables([history.statements, history.others])
    for place, field in enumerate(target.prices):
        tables = {"moments": numbered, "said": _said(field, said)}
        found = engine.run(_statement(len(field.market)), tables)
        asked = asked.append_column(f"median_{place}", found["median"].cast(pa.float64()))
        asked = asked.append_column(f"prices_{place}", found["prices"].cast(pa.int64()))
    return asked


def _said(price: LeadField, statements: pa.Table) -> pa.Table:
    """What was said of the price (field 0) and of what makes its market (from 1 on), and since when it was known."""
    field = pc.index_in(statements["field"], pa.array([price.name, *price.market])).cast(pa.int32())
    table = pa.table(
        {
            "lead": statements["lead"],
            "field": field,
            "text": statements["text"],
            "number": statements["number"],
            "place": pa.array(places_in_time(statements)),
            "occurred_at": statements["occurred_at"],
            "known_at": pc.max_element_wise(statements["occurred_at"], statements["recorded_at"]),
        }
    )
    return table.filter(field.is_valid())


def _statement(parts: int) -> str:
    """Reads `said` and `moments` (`row`, `lead`, `as_of`), gives `row`, `median` and `prices` in the order of `row`.

    `states` has what was known of each lead from one instant (`known_at`) to the next one (`until`): of each field the
    statement with the largest place in time.
    """
    numbers = range(1, parts + 1)

    def each(phrase: str, between: str = ", ") -> str:
        return between.join(phrase.replace("#", str(number)) for number in numbers)

    return f"""\
WITH known AS (
  SELECT DISTINCT lead, known_at, {", ".join(_latest(number) for number in (0, *numbers))}
  FROM said
), states AS (
  SELECT known.lead AS lead, known.known_at AS known_at, said_0.number AS price, said_0.occurred_at AS stated_at,
    {each("said_#.text AS text_#")},
    lead(known.known_at) OVER (PARTITION BY known.lead ORDER BY known.known_at) AS until
  FROM known
  LEFT JOIN said AS said_0 ON said_0.place = place_0
  {each("LEFT JOIN said AS said_# ON said_#.place = place_#", " ")}
), asked AS (
  SELECT moments.row, {_DAY} AS day, {each("text_#")}
  FROM moments
  JOIN states ON states.lead = moments.lead AND known_at <= as_of AND (until IS NULL OR as_of < until)
), markets AS (
  SELECT days.day, {each("days.text_#")}, median(price) AS median, count(price) AS prices
  FROM (SELECT DISTINCT day, {each("text_#")} FROM asked) AS days
  JOIN states ON {each("states.text_# = days.text_#", " AND ")}
    AND known_at <= day AND (until IS NULL OR day < until) AND stated_at > day - {WINDOW_DAYS * MICROSECONDS_PER_DAY}
  WHERE price > 0
  GROUP BY days.day, {each("days.text_#")}
)
SELECT moments.row AS row, CASE WHEN prices >= {FEWEST_PRICES} THEN median END AS median,
  coalesce(prices, 0) AS prices
FROM moments
LEFT JOIN asked ON asked.row = moments.row
LEFT JOIN markets ON markets.day = asked.day AND {each("markets.text_# = asked.text_#", " AND ")}
ORDER BY moments.row"""  # noqa: S608 - numbers alone


def _latest(field: int) -> str:
    """The place of the latest statement of a field that was known so far."""
    so_far = "OVER (PARTITION BY lead ORDER BY known_at)"
    return f"max(CASE WHEN field = {field} THEN place END) {so_far} AS place_{field}"
