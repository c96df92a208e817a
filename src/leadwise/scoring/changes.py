"""Why a lead's score differs from the one before: new facts, passing time, or another model.

What new facts did is found by asking what the features would be now had nothing been learnt since: columns that differ
from that are theirs, and whatever else moved did so because time passed. A fact that is delivered late with stamps of
long ago does not show as new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from leadwise.domain.history import MOMENTS, History, microseconds
from leadwise.domain.score import Cause, Change, Score
from leadwise.domain.target import Target
from leadwise.features.engines import Engine
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import compute, definitions
from leadwise.scoring.lead_history import read_leads
from leadwise.store.new_facts import find_leads_with_news
from leadwise.store.score_pages import LedgerRow, ScorePages
from leadwise.training.stamps import whole

LEAST = 1e-9
"""Log-odds that count as a difference."""


def with_changes(
    connection: Connection,
    organisation: str,
    target: Target,
    scores: Sequence[Score],
    table: pa.Table,
    engine: Engine | None = None,
) -> list[Score]:
    """The scores, each with why it differs from its lead's stored score before.

    Args:
        connection: Reads what was stored before; the scores are not stored yet.
        organisation: Whose leads.
        target: What is predicted.
        scores: All as of one instant; some thousand at a time.
        table: The features of their leads, row by row.
        engine: What computes features; None: the embedded one.
    """
    if not scores:
        return []
    as_of, pages = scores[0].as_of, ScorePages(connection, organisation, target.name)
    before = pages.list_latest_of([score.lead for score in scores], as_of)
    seen = {row.lead_id: (row.score.as_of, row.score.recorded_at) for row in before.values()}
    news = find_leads_with_news(connection, seen, as_of)
    touched: dict[int, frozenset[str]] = {}
    if news:
        rows = {before[score.lead].lead_id: place for place, score in enumerate(scores) if score.lead in before}
        history = read_leads(connection, organisation, target, sorted(news), [microseconds(as_of)])
        touched = _touched(
            target, history, {lead: rows[lead] for lead in news}, seen, table, microseconds(as_of), engine
        )
    return [replace(score, change=change_of(score, before.get(score.lead), touched)) for score in scores]


def change_of(score: Score, before: LedgerRow | None, touched: Mapping[int, frozenset[str]]) -> Change:
    """Why a score differs from the one before.

    Args:
        score: The new one.
        before: The stored one; None if there is none.
        touched: By lead, the columns that new facts changed.
    """
    if before is None:
        return Change((Cause.FIRST,))
    facts = touched.get(before.lead_id, frozenset())
    moved = _moved(score, before.score)
    if score.model_version != before.score.model_version:
        because = (Cause.NEW_MODEL, *([Cause.NEW_FACTS] if facts else []))
        columns = {Cause.NEW_FACTS: tuple(sorted(facts))} if facts else {}
        by = {Cause.NEW_MODEL: _margin(score) - _margin(before.score)}
        return Change(because, columns, by, before.worth)
    parts = {
        Cause.NEW_FACTS: [name for name in moved if name in facts],
        Cause.PASSING_TIME: [name for name in moved if name not in facts],
    }
    columns = {cause: tuple(names) for cause, names in parts.items() if names}
    by = {cause: sum(moved[name] for name in names) for cause, names in columns.items()}
    return Change(tuple(columns), columns, by, before.worth)


def _moved(score: Score, before: Score) -> dict[str, float]:
    """By column, how much more it raises the score than before; the strongest first."""
    old = {reason.column: reason.contribution for reason in before.reasons}
    new = {reason.column: reason.contribution for reason in score.reasons}
    moved = {name: new.get(name, 0.0) - old.get(name, 0.0) for name in dict.fromkeys([*new, *old])}
    return {name: moved[name] for name in sorted(moved, key=lambda each: -abs(moved[each])) if abs(moved[name]) > LEAST}


def _margin(score: Score) -> float:
    return score.base + sum(reason.contribution for reason in score.reasons)


def _touched(
    target: Target,
    history: History,
    rows: Mapping[int, int],
    seen: Mapping[int, Any],
    table: pa.Table,
    as_of: int,
    engine: Engine | None,
) -> dict[int, frozenset[str]]:
    """By lead, the columns that would be otherwise now had nothing been learnt since it was looked at."""
    moments = pa.table([list(rows), [as_of] * len(rows)], schema=MOMENTS)
    known_until = {lead: microseconds(seen[lead][0]) for lead in rows}
    without = compute(target, _as_it_was(history, known_until), moments, engine or DuckDBEngine())
    names = [each.name for each in definitions(target) if each.name in table.column_names]
    was = without.select(names).to_pylist()
    now = table.select(names).take(pa.array(list(rows.values()))).to_pylist()
    return {
        lead: frozenset(name for name in names if not _same(old[name], new[name]))
        for lead, old, new in zip(rows, was, now, strict=True)
    }


def _as_it_was(history: History, known_until: Mapping[int, int]) -> History:
    """The history without what became visible after an instant of each lead's own."""
    return replace(
        history,
        statements=_known(history.statements, known_until),
        events=_known(history.events, known_until),
    )


def _known(facts: pa.Table, known_until: Mapping[int, int]) -> pa.Table:
    lead, occurred_at, recorded_at = whole(facts, "lead", "occurred_at", "recorded_at")
    until = np.array([known_until[each] for each in lead.tolist()], dtype=np.int64)
    return facts.filter(pa.array(np.maximum(occurred_at, recorded_at) <= until))


def _same(first: object, second: object) -> bool:
    if isinstance(first, float) and isinstance(second, float) and isnan(first):
        return isnan(second)
    return first == second
