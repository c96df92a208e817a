"""The tables that an engine is given: kinds, fields and columns as numbers, so that no name becomes part of SQL."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from leadwise.domain.history import LEAD, POSITION, STAMPS, History
from leadwise.domain.target import Actor, Target
from leadwise.features.aspects import Aspect, Derive, aspects
from leadwise.features.texts import Values

Numbers = NDArray[np.int64]

_PLACE = pa.int32()
_TEXT: "pa.Field[Any]" = pa.field("text", pa.string())
NONE = -1
"""In place of a kind that the target does not name."""
BY_NEITHER, BY_LEAD, BY_STAFF = 0, 1, 2
"""Who made an event happen."""
_ACTORS = {None: BY_NEITHER, Actor.LEAD: BY_LEAD, Actor.STAFF: BY_STAFF}

STATEMENTS = pa.schema([LEAD, pa.field("aspect", _PLACE), _TEXT, pa.field("number", pa.float64()), *STAMPS, POSITION])
"""Positions are places in time: by `occurred_at`, then `recorded_at`, then the position in the history."""
DETAILS = pa.schema([LEAD, pa.field("field", _PLACE), _TEXT, *STAMPS, POSITION])


def engine_tables(target: Target, history: History) -> dict[str, pa.Table]:
    """The history as a target's statement reads it: `leads`, `events`, `statements` and `details`.

    `events` and `statements` are those of `definition.Known`. `details` are the statements of fields of which
    something was said after the arrival: only those can have changed.
    """
    said = history.statements
    said = said.set_column(said.column_names.index("position"), "position", pa.array(places_in_time(said)))
    return {
        "leads": history.leads.select(["lead", "occurred_at", "recorded_at"]),
        "events": _events(target, history.events),
        "statements": _statements(target, said),
        "details": _details(target, history.leads, said),
    }


def places_in_time(statements: pa.Table) -> Numbers:
    """The place of each statement among all, so that one number says which of two came later."""
    order = np.lexsort([statements[name].to_numpy() for name in ("position", "recorded_at", "occurred_at")])
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places


def _events(target: Target, events: pa.Table) -> pa.Table:
    kind = _places(events["kind"], [kind.name for kind in target.events])
    actors = np.array([*(_ACTORS[each.actor] for each in target.events), BY_NEITHER], np.int32)  # the last is of NONE
    columns = {
        "lead": events["lead"],
        "kind": kind,
        "actor": pa.array(actors[kind.to_numpy()]),
        "occurred_at": events["occurred_at"],
        "recorded_at": events["recorded_at"],
    }
    numbers = {f"number_{place}": events[name] for place, name in enumerate(target.numbers)}
    return pa.table(columns | numbers)


def _places(names: Any, known: list[str]) -> Any:
    places = pc.index_in(names, pa.array(known, pa.string()))
    return pc.fill_null(places, NONE).cast(_PLACE)


def _statements(target: Target, statements: pa.Table) -> pa.Table:
    """What was said, aspect by aspect."""
    told = aspects(target)
    fields = list(dict.fromkeys(aspect.field.name for aspect in told))
    field = _places(statements["field"], fields).to_numpy()
    rows = [np.flatnonzero(field == fields.index(aspect.field.name)) for aspect in told]
    numbers = [len(each) for each in rows]
    said = statements.take(pa.array(np.concatenate([np.empty(0, np.int64), *rows])))
    begins = np.cumsum([0, *numbers])
    columns: dict[str, Any] = {name: said[name] for name in STATEMENTS.names if name in said.column_names}
    columns["aspect"] = np.repeat(np.arange(len(told), dtype=np.int32), numbers)
    for name in ("text", "number"):
        given = [_given(said, name, aspect, *each) for aspect, *each in zip(told, begins, numbers, strict=False)]
        columns[name] = pa.chunked_array(given, STATEMENTS.field(name).type)
    return pa.table([columns[name] for name in STATEMENTS.names], schema=STATEMENTS)


def _given(said: pa.Table, name: str, aspect: Aspect, begin: int, number: int) -> Any:
    """What a column has of an aspect, whose statements stand together."""
    if aspect.column != name:
        return pa.nulls(number, STATEMENTS.field(name).type)
    if aspect.derive is None:
        return said[name].slice(begin, number).combine_chunks()
    return _derived(said["text"].slice(begin, number).combine_chunks(), aspect.derive)


def _derived(texts: Any, derive: Derive) -> Values:
    """What each text says, made once for each distinct one."""
    coded = texts.dictionary_encode()
    return derive(coded.dictionary).take(coded.indices)


def _details(target: Target, leads: pa.Table, statements: pa.Table) -> pa.Table:
    field = _places(statements["field"], [field.name for field in target.fields]).to_numpy()
    lead, occurred_at = statements["lead"].to_numpy(), statements["occurred_at"].to_numpy()
    one = field.astype(np.int64) + lead * (len(target.fields) + 1)
    later = (field != NONE) & (occurred_at > _arrivals(leads, lead))
    chosen = pa.array(np.isin(one, one[later]) & (field != NONE))
    table = statements.set_column(1, "field", pa.array(field)).filter(chosen)
    return table.select(DETAILS.names).cast(DETAILS)


def _arrivals(leads: pa.Table, wanted: Numbers) -> Numbers:
    """When each of the wanted leads arrived; the end of time for one that is not there."""
    known, occurred_at = leads["lead"].to_numpy(), leads["occurred_at"].to_numpy()
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known, wanted, sorter=order)
    if not len(order):
        return np.full(len(wanted), np.iinfo(np.int64).max)
    found = order[np.minimum(place, len(order) - 1)]
    return np.where(known[found] == wanted, occurred_at[found], np.iinfo(np.int64).max)
