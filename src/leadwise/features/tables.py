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
    told = aspects(target)
    fields = list(dict.fromkeys(aspect.field.name for aspect in told))
    field = _places(statements["field"], fields).to_numpy()
    found = [
        _of_aspect(statements.filter(pa.array(field == fields.index(aspect.field.name))), place, aspect)
        for place, aspect in enumerate(told)
    ]
    return pa.concat_tables([STATEMENTS.empty_table(), *found])


def _of_aspect(said: pa.Table, place: int, aspect: Aspect) -> pa.Table:
    given = said[aspect.column] if aspect.derive is None else _derived(said["text"].combine_chunks(), aspect.derive)
    columns: dict[str, Any] = {name: said[name] for name in STATEMENTS.names if name in said.column_names}
    columns["aspect"] = pa.array(np.full(said.num_rows, place, np.int32))
    columns["text"] = pa.nulls(said.num_rows, pa.string())
    columns["number"] = pa.nulls(said.num_rows, pa.float64())
    columns[aspect.column] = given
    return pa.table([columns[name] for name in STATEMENTS.names], schema=STATEMENTS)


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
