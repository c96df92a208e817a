"""The tables that an engine is given: kinds, fields and columns as numbers, so that no name becomes part of SQL.

Each row of a source holds from `known_at` until `until`, which is no part of it (microseconds since 1970): never before
what it says both happened and was recorded.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from leadwise.domain.history import LEAD, POSITION, History
from leadwise.domain.target import Actor, Target
from leadwise.features.aspects import Aspect, Derive, aspects
from leadwise.features.succession import NEVER, Numbers, Spans, Succession, earliest_before
from leadwise.features.texts import Values

_PLACE = pa.int32()
_TEXT: "pa.Field[Any]" = pa.field("text", pa.string())
_HOLDS: "list[pa.Field[Any]]" = [pa.field(name, pa.int64()) for name in ("occurred_at", "known_at", "until")]
NONE = -1
"""In place of a kind that the target does not name."""

STATEMENTS = pa.schema([LEAD, pa.field("aspect", _PLACE), _TEXT, pa.field("number", pa.float64()), *_HOLDS, POSITION])
CHANGES = pa.schema([LEAD, pa.field("field", _PLACE), *_HOLDS, POSITION])


def engine_tables(target: Target, history: History) -> dict[str, pa.Table]:
    """The history as a target's statement reads it: `leads`, and the sources of `definition.Known`.

    An event holds for as long as the same event is the one before, a statement while it is the latest of its field, a
    change while it says something else than the statement before. `position` is that of the history.
    """
    said = _Said.of(target, history.statements)
    return {
        "leads": history.leads.select(["lead", "occurred_at", "recorded_at"]),
        "events": _events(target, history.events),
        "statements": _statements(target, said),
        "changes": _changes(history.leads, said),
    }


def _events(target: Target, events: pa.Table) -> pa.Table:
    lead, occurred_at = (events[name].to_numpy() for name in ("lead", "occurred_at"))
    order = _in_order(lead, occurred_at)
    lead, occurred_at = lead[order], occurred_at[order]
    known_at = np.maximum(occurred_at, events["recorded_at"].to_numpy()[order])
    kind = _places(events["kind"], [kind.name for kind in target.events])[order]
    ours = np.array([*(each.actor is Actor.STAFF for each in target.events), False])[kind]  # the last is of NONE
    place, before, since, until = Succession(lead, known_at).spans()
    columns: dict[str, Any] = {
        "lead": lead[place],
        "kind": kind[place],
        "occurred_at": occurred_at[place],
        "known_at": since,
        "until": until,
        "occurred_before": pa.array(occurred_at[before], mask=before == NONE),
        "ours_known_at": earliest_before(lead, occurred_at, known_at, ours)[place],
    }
    names = {f"number_{number}": name for number, name in enumerate(target.numbers)} | {"position": "position"}
    rows: Any = pa.array(order[place])
    return pa.table(columns | {column: events[name].take(rows) for column, name in names.items()})


def _in_order(group: Numbers, at: Numbers) -> Numbers:
    """Places by group, and by time in each."""
    if not len(group):
        return np.empty(0, np.int64)
    by_time = np.argsort(at, kind="stable")
    numbered = group[by_time] - group.min()
    small = numbered.astype(np.min_scalar_type(numbered.max()))  # two bytes are put in order without comparing
    return by_time[np.argsort(small, kind="stable")]


def _places(names: Any, known: list[str]) -> NDArray[np.int32]:
    places: Any = pc.fill_null(pc.index_in(names, pa.array(known, pa.string())), NONE)
    found: NDArray[np.int32] = places.to_numpy()
    return found


@dataclass(frozen=True)
class _Said:
    """What was said of a target's fields, by lead and field, and in its order in time.

    Args:
        table: The statements, as the history has them.
        rows: Where each stands in the table.
        field: Which of the target's fields it is of.
        occurred_at: When it was said.
        succession: The order; what was said of one field of a lead is a group.
    """

    table: pa.Table
    rows: Numbers
    field: NDArray[np.int32]
    occurred_at: Numbers
    succession: Succession

    @classmethod
    def of(cls, target: Target, table: pa.Table) -> "_Said":
        field = _places(table["field"], [field.name for field in target.fields])
        group = table["lead"].to_numpy() * len(target.fields) + field
        position, recorded_at, occurred_at = (
            table[name].to_numpy() for name in ("position", "recorded_at", "occurred_at")
        )
        rows = np.lexsort([position, recorded_at, occurred_at, group])
        rows = rows[field[rows] != NONE]
        known_at = np.maximum(occurred_at, recorded_at)[rows]
        return cls(table, rows, field[rows], occurred_at[rows], Succession(group[rows], known_at))

    def holding(self, spans: Spans) -> dict[str, Any]:
        """The columns that sources have in common."""
        rows: Any = pa.array(self.rows[spans.place])
        stamps = {"occurred_at": self.occurred_at[spans.place], "known_at": spans.since, "until": spans.until}
        return {"lead": self.table["lead"].take(rows), **stamps, "position": self.table["position"].take(rows)}


def _statements(target: Target, said: _Said) -> pa.Table:
    """What was said last, aspect by aspect."""
    told, names = aspects(target), [field.name for field in target.fields]
    latest = said.succession.latest()
    field = said.field[latest.place]
    each = [np.flatnonzero(field == names.index(aspect.field.name)) for aspect in told]
    chosen = latest.where(np.concatenate([np.empty(0, np.int64), *each]))
    columns = said.holding(chosen)
    numbers = [len(rows) for rows in each]
    columns["aspect"] = np.repeat(np.arange(len(told), dtype=np.int32), numbers)
    begins = np.cumsum([0, *numbers])
    rows = pa.array(said.rows[chosen.place])
    for name in ("text", "number"):
        given = [
            _given(said.table, name, aspect, rows.slice(begin, number))
            for aspect, begin, number in zip(told, begins, numbers, strict=False)
        ]
        columns[name] = pa.chunked_array(given, STATEMENTS.field(name).type)
    return pa.table([columns[name] for name in STATEMENTS.names], schema=STATEMENTS)


def _given(said: pa.Table, name: str, aspect: Aspect, rows: Any) -> Any:
    """What a column has of an aspect."""
    if aspect.column != name:
        return pa.nulls(len(rows), STATEMENTS.field(name).type)
    texts = said["text" if aspect.derive else name].take(rows).combine_chunks()
    return _derived(texts, aspect.derive) if aspect.derive else texts


def _derived(texts: Any, derive: Derive) -> Values:
    """What each text says, made once for each distinct one."""
    coded = texts.dictionary_encode()
    return derive(coded.dictionary).take(coded.indices)


def _changes(leads: pa.Table, said: _Said) -> pa.Table:
    """What was said after the arrival, and was not what the statement before says."""
    spans = said.succession.spans()
    arrived = _arrivals(leads, said.table["lead"].to_numpy()[said.rows[spans.place]])
    later = spans.where(said.occurred_at[spans.place] > arrived)
    texts: Any = said.table["text"]
    text = texts.take(pa.array(said.rows[later.place]))
    text_before = texts.take(pa.array(said.rows[later.before], mask=later.before == NONE))
    only_one: Any = pc.xor(text.is_null(), text_before.is_null())
    new: Any = pc.coalesce(pc.not_equal(text, text_before), only_one)
    changed = later.where(new.to_numpy())
    columns = said.holding(changed) | {"field": said.field[changed.place]}
    return pa.table([columns[name] for name in CHANGES.names], schema=CHANGES)


def _arrivals(leads: pa.Table, wanted: Numbers) -> Numbers:
    """When each of the wanted leads arrived; the end of time for one that is not there."""
    known, occurred_at = leads["lead"].to_numpy(), leads["occurred_at"].to_numpy()
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known, wanted, sorter=order)
    if not len(order):
        return np.full(len(wanted), NEVER)
    found = order[np.minimum(place, len(order) - 1)]
    return np.where(known[found] == wanted, occurred_at[found], NEVER)
