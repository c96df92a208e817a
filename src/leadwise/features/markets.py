"""The market of a price: the median of what is asked by leads that agree in the fields that make the market.

A market is looked at as of the beginning of each day (UTC), so that it is the same for all leads that are looked at on
that day. Each lead has one price in it: the latest one that was known, if it was stated in the 180 days before. What a
lead's market and price are at a moment follows from what was known then, so that nothing later changes a median.

Of all leads, medians are found for all moments at once. Of some leads, they are looked up among those of the day, which
whoever keeps them has from `find_medians`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadwise.domain.history import MEDIANS, MOMENTS, History, microseconds
from leadwise.domain.target import LeadField, Target
from leadwise.features.engines import Engine
from leadwise.features.succession import Numbers
from leadwise.features.values import MICROSECONDS_PER_DAY

WINDOW_DAYS = 180
FEWEST_PRICES = 5
"""Of so many, two may be wrong by any amount and the median is still among the others."""
_DAY = f"as_of - ((as_of % {MICROSECONDS_PER_DAY}) + {MICROSECONDS_PER_DAY}) % {MICROSECONDS_PER_DAY}"
"""`beginning_of_day`, also before 1970."""
_COUNTS = f"price > 0 AND stated_at > day - {WINDOW_DAYS * MICROSECONDS_PER_DAY}"
"""Whether a lead's price has a part in the market of a day."""
_MEDIAN = f"CASE WHEN count(price) >= {FEWEST_PRICES} THEN median(price) END AS median, count(price) AS prices"


_FIRST_INSTANT = microseconds(datetime.min.replace(tzinfo=UTC))
_BETWEEN = "\x00"
"""Stands between what the fields of a market say, since the store has no text with it."""


def beginning_of_day(as_of: int) -> int:
    """The instant as of which markets are looked at, for one in its day.

    >>> beginning_of_day(86_400_000_001)
    86400000000
    """
    return as_of - as_of % MICROSECONDS_PER_DAY


def time_that_counts(days: Iterable[int]) -> tuple[int, int]:
    """Between which instants a price was stated that has a part in a market of one of the days.

    Nothing of a lead matters that said nothing of a price after the first one, nor what was recorded after the other.

    >>> time_that_counts([180 * MICROSECONDS_PER_DAY, 200 * MICROSECONDS_PER_DAY])
    (0, 17280000000000)
    """
    each = list(days)
    return max(min(each) - WINDOW_DAYS * MICROSECONDS_PER_DAY, _FIRST_INSTANT), max(each)


def with_medians(target: Target, history: History, moments: pa.Table, engine: Engine) -> pa.Table:
    """The moments with the market of each of the target's prices, unless they have it.

    Args:
        target: Its `prices` name the fields that make their markets.
        history: Of all leads, or of some with the `medians` of the days of these moments.
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
    for place, price in enumerate(target.prices):
        if history.medians is None:
            numbered = moments.select(MOMENTS.names).append_column("row", pa.array(np.arange(len(asked))))
            tables = {"moments": numbered, "said": _said(price, history.statements)}
            found = engine.run(_of_moments(len(price.market)), tables)
        else:
            found = _looked_up(history.medians, place, _markets_of(price, history.statements, asked))
        asked = asked.append_column(f"median_{place}", found["median"].cast(pa.float64()))
        asked = asked.append_column(f"prices_{place}", found["prices"].cast(pa.int64()))
    return asked


def find_medians(target: Target, statements: pa.Table, days: Iterable[int], engine: Engine) -> dict[int, pa.Table]:
    """The medians of all markets of a target's prices, as `History.medians`.

    Args:
        target: Its `prices` name the fields that make their markets.
        statements: What all leads said of these fields.
        days: Their beginnings, in microseconds since 1970.
        engine: What computes.
    """
    each_day = sorted(set(days))
    asked = pa.table({"as_of": pa.array(each_day, pa.int64())})
    found = [_of_price(place, price, statements, asked, engine) for place, price in enumerate(target.prices)]
    together = pa.concat_tables(found)
    return {day: together.filter(pc.field("day") == day).select(MEDIANS.names) for day in each_day}


def _of_price(place: int, price: LeadField, statements: pa.Table, days: pa.Table, engine: Engine) -> pa.Table:
    found = engine.run(_of_days(len(price.market)), {"days": days, "said": _said(price, statements)})
    texts: list[Any] = [found[f"text_{number}"] for number in range(1, len(price.market) + 1)]
    columns = {
        "day": found["day"],
        "place": pa.array(np.full(found.num_rows, place)),
        "market": pc.binary_join_element_wise(*texts, _BETWEEN),
        "median": found["median"],
        "prices": found["prices"],
    }
    return pa.table(columns).cast(pa.schema([pa.field("day", pa.int64()), *MEDIANS]))


def _looked_up(medians: Mapping[int, pa.Table], place: int, asked: Iterable[tuple[int, str | None]]) -> pa.Table:
    """Of the market of each moment, the median and of how many prices."""
    by_day = defaultdict(set)
    listed = list(asked)
    for day, market in listed:
        by_day[day].add(market)
    known: dict[tuple[int, str | None], tuple[float | None, int]] = {}
    for day, markets in by_day.items():
        wanted = pc.is_in(medians[day]["market"], pa.array([each for each in markets if each], pa.string()))
        for row in medians[day].filter(wanted).to_pylist():
            if row["place"] == place:
                known[day, row["market"]] = row["median"], row["prices"]
    found = [known.get(each, (None, 0)) for each in listed]
    return pa.table([[row[0] for row in found], [row[1] for row in found]], names=["median", "prices"])


def _markets_of(price: LeadField, statements: pa.Table, moments: pa.Table) -> Iterator[tuple[int, str | None]]:
    """The day of each moment, and the market that its lead was in; None where that was not known."""
    own = statements.filter(pc.is_in(statements["field"], pa.array(price.market)))
    said = defaultdict(list)
    for row in own.take(np.argsort(_places_in_time(own))).to_pylist():
        said[row["lead"]].append((max(row["occurred_at"], row["recorded_at"]), row["field"], row["text"]))
    for lead, as_of in zip(*(moments[name].to_pylist() for name in MOMENTS.names), strict=True):
        latest = {field: text for known_at, field, text in said[lead] if known_at <= as_of}
        texts = [latest.get(name) for name in price.market]
        yield beginning_of_day(as_of), None if None in texts else _BETWEEN.join(map(str, texts))


def _said(price: LeadField, statements: pa.Table) -> pa.Table:
    """What was said of the price (field 0) and of what makes its market (from 1 on), and since when it was known."""
    field = pc.index_in(statements["field"], pa.array([price.name, *price.market])).cast(pa.int32())
    table = pa.table(
        {
            "lead": statements["lead"],
            "field": field,
            "text": statements["text"],
            "number": statements["number"],
            "place": pa.array(_places_in_time(statements)),
            "occurred_at": statements["occurred_at"],
            "known_at": pc.max_element_wise(statements["occurred_at"], statements["recorded_at"]),
        }
    )
    return table.filter(field.is_valid())


def _places_in_time(statements: pa.Table) -> Numbers:
    """The place of each statement among all, so that one number says which of two came later."""
    order = np.lexsort([statements[name].to_numpy() for name in ("position", "recorded_at", "occurred_at")])
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places


def _of_moments(parts: int) -> str:
    """Reads `said` and `moments` (`row`, `lead`, `as_of`), gives `row`, `median` and `prices` in the order of `row`."""
    asked = f"""\
  SELECT moments.row, {_DAY} AS day, {_each(parts, "text_#")}
  FROM moments
  JOIN states ON states.lead = moments.lead AND known_at <= as_of AND (until IS NULL OR as_of < until)"""  # noqa: S608 - numbers alone
    return f"""\
{_markets(parts, asked)}
SELECT moments.row AS row, median, coalesce(prices, 0) AS prices
FROM moments
LEFT JOIN asked ON asked.row = moments.row
LEFT JOIN markets ON markets.day = asked.day AND {_each(parts, "markets.text_# = asked.text_#", " AND ")}
ORDER BY moments.row"""  # noqa: S608 - numbers alone


def _of_days(parts: int) -> str:
    """Reads `said` and `days` (`as_of`), gives `day`, `text_1` and so on, `median` and `prices` of each market.

    Of each day by itself what was known is quickly found: of each field the statement with the largest place in time.
    """
    places = ", ".join(f"max(CASE WHEN field = {field} THEN place END) AS place_{field}" for field in range(parts + 1))
    return f"""\
WITH latest AS (
  SELECT as_of AS day, lead, {places}
  FROM days JOIN said ON known_at <= as_of
  GROUP BY as_of, lead
), states AS (
  SELECT day, said_0.number AS price, said_0.occurred_at AS stated_at, {_each(parts, "said_#.text AS text_#")}
  FROM latest
  JOIN said AS said_0 ON said_0.place = place_0
  {_each(parts, "JOIN said AS said_# ON said_#.place = place_#", " ")}
)
SELECT day, {_each(parts, "text_#")}, {_MEDIAN}
FROM states
WHERE {_each(parts, "text_# IS NOT NULL", " AND ")} AND {_COUNTS}
GROUP BY day, {_each(parts, "text_#")}"""  # noqa: S608 - numbers alone


def _markets(parts: int, asked: str) -> str:
    """The markets of each `day` and `text_1` and so on that is asked for: `median` and `prices`.

    `states` has what was known of each lead from one instant (`known_at`) to the next one (`until`): of each field the
    statement with the largest place in time.
    """
    latest = ", ".join(_latest(number) for number in range(parts + 1))
    return f"""\
WITH known AS (
  SELECT DISTINCT lead, known_at, {latest}
  FROM said
), states AS (
  SELECT known.lead AS lead, known.known_at AS known_at, said_0.number AS price, said_0.occurred_at AS stated_at,
    {_each(parts, "said_#.text AS text_#")},
    lead(known.known_at) OVER (PARTITION BY known.lead ORDER BY known.known_at) AS until
  FROM known
  LEFT JOIN said AS said_0 ON said_0.place = place_0
  {_each(parts, "LEFT JOIN said AS said_# ON said_#.place = place_#", " ")}
), asked AS (
{asked}
), markets AS (
  SELECT days.day, {_each(parts, "days.text_#")},
    {_MEDIAN}
  FROM (SELECT DISTINCT day, {_each(parts, "text_#")} FROM asked) AS days
  JOIN states ON {_each(parts, "states.text_# = days.text_#", " AND ")}
    AND known_at <= day AND (until IS NULL OR day < until)
  WHERE {_COUNTS}
  GROUP BY days.day, {_each(parts, "days.text_#")}
)"""  # noqa: S608 - numbers alone


def _each(parts: int, phrase: str, between: str = ", ") -> str:
    """The phrase for each field of a market, with its number from 1 on in place of `#`."""
    return between.join(phrase.replace("#", str(number)) for number in range(1, parts + 1))


def _latest(field: int) -> str:
    """The place of the latest statement of a field that was known so far."""
    so_far = "OVER (PARTITION BY lead ORDER BY known_at)"
    return f"max(CASE WHEN field = {field} THEN place END) {so_far} AS place_{field}"
