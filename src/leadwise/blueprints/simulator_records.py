"""What of a simulated world is on record now: tables of leads, events and outcomes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.blueprints.definition import Blueprint
from leadwise.blueprints.simulator_arrivals import HOUR
from leadwise.blueprints.simulator_drawn import Drawn, Floats, Seconds, Values
from leadwise.blueprints.simulator_journey import Happened
from leadwise.domain.target import FieldKind

INSTANT = pa.timestamp("us", tz="UTC")
_TYPES = {FieldKind.NUMBER: pa.float64(), FieldKind.YES_NO: pa.bool_()}
"""All else is text."""


@dataclass(frozen=True)
class Ending:
    """Ends of leads that somebody writes down; one entry per end in each array.

    Args:
        lead: The position of the lead.
        hours: When, in hours from its arrival.
        won: Whether it was won.
        value: What for; NaN where that is not said.
    """

    lead: NDArray[np.int64]
    hours: Floats
    won: NDArray[np.bool_]
    value: Floats


class Recorder:
    """Writes down what had happened and was known by now, and leaves out the rest."""

    def __init__(self, blueprint: Blueprint, rng: np.random.Generator, now: int, arrivals: Seconds) -> None:
        self._settings, self._target = blueprint.simulation, blueprint.target
        self._rng, self._now, self._arrivals = rng, now, arrivals
        initial = self._target.entity[:1].upper() or "L"
        self._names = _objects([f"{initial}-{number:05d}" for number in range(1, len(arrivals) + 1)])
        self._learnt = np.minimum(arrivals + rng.integers(0, 300, len(arrivals)), now)

    def leads(self, fields: dict[str, Drawn]) -> pa.Table:
        """All leads, in order of arrival."""
        columns: dict[str, Any] = {
            "source": self._source(len(self._arrivals)),
            "external_id": pa.array(self._names, pa.string()),
            "occurred_at": _instants(self._arrivals),
            "recorded_at": _instants(self._learnt),
        }
        for field in self._target.fields:
            kind = _TYPES.get(field.kind, pa.string())
            columns[field.name] = pa.array(fields[field.name].values, kind, from_pandas=True)
        return pa.table(columns)

    def events(self, happened: list[Happened]) -> pa.Table:
        """What happened and is known by now, by lead and then by time."""
        lead = np.concatenate([np.empty(0, np.int64), *(each.lead for each in happened)])
        hours = np.concatenate([np.empty(0), *(each.hours for each in happened)])
        occurred, recorded, kept = self._stamps(lead, hours)
        # Stable, so that what has the same stamps keeps the order of the settings.
        order = np.lexsort((occurred, lead))
        order = order[kept[order]]
        lead = lead[order]
        columns: dict[str, Any] = {
            "source": self._source(len(lead)),
            "external_id": pa.array(self._numbered(lead), pa.string()),
            "lead": pa.array(self._names[lead], pa.string()),
            "kind": pa.array(_of_each(happened, lambda each: each.kind)[order], pa.string()),
            "occurred_at": _instants(occurred[order]),
            "recorded_at": _instants(recorded[order]),
        }
        for name in self._target.numbers:
            columns[name] = pa.array(_numbers(happened, name)[order], pa.float64(), from_pandas=True)
        columns["field"] = pa.array(_of_each(happened, lambda each: each.changed)[order], pa.string())
        columns["value"] = pa.array(_values(happened)[order], pa.string())
        return pa.table(columns)

    def outcomes(self, ending: Ending) -> pa.Table:
        """The ends that are known by now, by lead and then by time."""
        occurred, recorded, kept = self._stamps(ending.lead, ending.hours)
        order = np.lexsort((occurred, ending.lead))
        order = order[kept[order]]
        lead, won = ending.lead[order], ending.won[order]
        value = np.where(won, ending.value[order], np.nan)
        return pa.table(
            {
                "source": self._source(len(lead)),
                "external_id": pa.array(self._numbered(lead, "outcome-"), pa.string()),
                "lead": pa.array(self._names[lead], pa.string()),
                "target": pa.array([self._target.name] * len(lead), pa.string()),
                "won": pa.array(won, pa.bool_()),
                "value": pa.array(value, pa.float64(), from_pandas=True),
                "occurred_at": _instants(occurred[order]),
                "recorded_at": _instants(recorded[order]),
            }
        )

    def _stamps(self, lead: NDArray[np.int64], hours: Floats) -> tuple[Seconds, Seconds, NDArray[np.bool_]]:
        """When each thing occurred, when it was recorded, and whether that is by now."""
        # Far beyond now is all the same, and must not leave the range of whole numbers.
        seconds = np.rint(np.minimum(hours, 1e7) * HOUR).astype(np.int64)
        occurred = self._arrivals[lead] + seconds
        late = self._rng.random(len(lead)) < self._settings.recorded_late
        minutes, exponential = self._rng.integers(0, 600, len(lead)), self._rng.exponential(8 * HOUR, len(lead))
        delay = np.where(late, np.rint(exponential).astype(np.int64), minutes)
        recorded = np.maximum(occurred, self._learnt[lead]) + delay
        return occurred, recorded, recorded <= self._now

    def _numbered(self, lead: NDArray[np.int64], word: str = "") -> list[str]:
        """An identifier for each thing: its lead's, and a running number per lead. Leads must be sorted."""
        begins = np.flatnonzero(np.diff(lead, prepend=-1))
        lengths = np.diff(begins, append=len(lead))
        number = np.arange(len(lead)) - np.repeat(begins, lengths) + 1
        return [f"{name}-{word}{n}" for name, n in zip(self._names[lead].tolist(), number.tolist(), strict=True)]

    def _source(self, count: int) -> "pa.Array[Any]":
        return pa.array([self._settings.source] * count, pa.string())


def _instants(seconds: Seconds) -> "pa.Array[Any]":
    return pa.array(seconds * 1_000_000, pa.int64()).cast(INSTANT)


def _objects(values: list[str]) -> Values:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _of_each(happened: list[Happened], word: Any) -> Values:
    parts = [np.full(len(each.lead), word(each), dtype=object) for each in happened]
    return np.concatenate([np.empty(0, dtype=object), *parts])


def _numbers(happened: list[Happened], name: str) -> Floats:
    parts = [each.numbers.get(name, np.full(len(each.lead), np.nan)) for each in happened]
    return np.concatenate([np.empty(0), *parts])


def _values(happened: list[Happened]) -> Values:
    parts = [
        np.array([_written(value) for value in each.value], dtype=object)
        if each.changed
        else np.full(len(each.lead), None, dtype=object)
        for each in happened
    ]
    return np.concatenate([np.empty(0, dtype=object), *parts])


def _written(value: object) -> str:
    """A value as a file says it.

    >>> _written(True), _written(18_900.0), _written("sold")
    ('true', '18900.0', 'sold')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
