"""What is behind a lead's features: the single events and statements that each value comes from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from leadwise.domain.history import MOMENTS, History
from leadwise.domain.target import Target
from leadwise.features.compiling import compile_evidence
from leadwise.features.definition import Aggregate, Known
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import definitions
from leadwise.features.markets import beginning_of_day, with_medians
from leadwise.features.tables import engine_tables

_COMPARED = re.compile(r"\bmedian_(\d+)\b")
_ENGINE = DuckDBEngine()
_ONE_OF = ("min(", "max(")
"""Aggregates that take their value from one fact."""


@dataclass(frozen=True)
class Market:
    """What a price was compared with: the median of so many, as of an instant (microseconds since 1970)."""

    as_of: int
    median: float
    prices: int


@dataclass(frozen=True)
class Behind:
    """Where a value comes from, by `position` in the tables of the history; oldest first."""

    events: tuple[int, ...] = ()
    statements: tuple[int, ...] = ()
    market: Market | None = None


def evidence(target: Target, history: History, lead: int, as_of: int) -> dict[str, Behind]:
    """For each feature of a lead, the facts that it was made of; all of them were visible as of the instant.

    A fact is behind a feature if it alone would give something to one of the feature's aggregates; where an aggregate
    takes its value from one fact (the first, the last), that one is.

    Args:
        target: What is predicted.
        history: All that is on record of the lead, or of more.
        lead: Its number there.
        as_of: The instant, in microseconds since 1970.
    """
    tables = engine_tables(target, history)
    tables["moments"] = pa.table([[lead], [as_of]], schema=MOMENTS).append_column("row", pa.array([0]))
    features = definitions(target)
    engine = _ENGINE.suited_to(sum(table.num_rows for table in tables.values()), len(features))
    features = definitions(target, engine.dialect)
    statements, columns = compile_evidence(features)
    found = {known: engine.run(statement, tables) for known, statement in statements.items()}
    behind = {name: _behind(found, aggregates) for name, aggregates in columns.items()}
    markets = _markets(target, history, tables["moments"])
    compared = {each.name: _COMPARED.search(each.value) for each in features}
    return behind | {
        name: replace(behind[name], market=markets[int(found[1])]) for name, found in compared.items() if found
    }


def _markets(target: Target, history: History, moment: pa.Table) -> list[Market | None]:
    """The market of each of the target's prices at one moment; None where there are too few prices."""
    found = with_medians(target, history, moment, _ENGINE).to_pylist()[0]
    day = beginning_of_day(found["as_of"])
    return [
        None if found[f"median_{place}"] is None else Market(day, found[f"median_{place}"], found[f"prices_{place}"])
        for place in range(len(target.prices))
    ]


def _behind(found: Mapping[Known, pa.Table], aggregates: Sequence[tuple[Aggregate, str]]) -> Behind:
    """The facts behind a feature."""
    events: set[int] = set()
    statements: set[int] = set()
    for aggregate, column in aggregates:
        facts = events if aggregate.over is Known.EVENTS else statements
        facts.update(_facts(found[aggregate.over], aggregate, column))
    return Behind(tuple(sorted(events)), tuple(sorted(statements)))


def _facts(found: pa.Table, aggregate: Aggregate, column: str) -> list[int]:
    whole = found.filter(pc.is_null(found["position"]))[column][0].as_py()
    single = found.filter(pc.is_valid(found["position"])).select(["position", column])
    given: dict[Any, Any] = dict(zip(single["position"].to_pylist(), single[column].to_pylist(), strict=True))
    if aggregate.sql.startswith(_ONE_OF):
        alike = [position for position, value in given.items() if value is not None and value == whole]
        return [max(alike)] if alike else []
    return [position for position, value in given.items() if value]
