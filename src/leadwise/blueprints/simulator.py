"""Simulated leads, events and outcomes of a blueprint, from a process whose every parameter is known.

Since the true probability of each lead is kept, it is known how well any model can do: see `Simulation.best_auc`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from leadwise.blueprints.definition import Blueprint
from leadwise.blueprints.simulator_process import SimulatedTables, best_auc, simulate_tables
from leadwise.domain.lead import Event, Lead, Outcome
from leadwise.domain.target import FieldKind, Target

LeadKey = tuple[str, str]
_STAMPS = ("occurred_at", "recorded_at")


@dataclass(frozen=True)
class Simulation:
    """What an organisation would have on record, and what nobody there could know.

    Args:
        leads: In order of arrival.
        events: What happened to them, up to now.
        outcomes: How it ended, where it has.
        truth: For each lead, by (source, external_id), its true probability of a win within the horizon, given all
            that it showed on arrival, but neither its hidden intent nor how fast it was answered.
    """

    leads: list[Lead]
    events: list[Event]
    outcomes: list[Outcome]
    truth: dict[LeadKey, float]

    def best_auc(self) -> float:
        """The ROC-AUC to expect from the true probabilities: no model does better on arrival, except by chance.

        >>> Simulation([], [], [], {("s", "1"): 0.1, ("s", "2"): 0.5, ("s", "3"): 0.9}).best_auc()
        0.9395...
        """
        return best_auc(np.array(list(self.truth.values())))


def simulate(blueprint: Blueprint, leads: int, seed: int, now: datetime, *, drift: float = 0.0) -> Simulation:
    """What `simulate_tables` gives, as leads, events and outcomes.

    Raises:
        NaiveTimeError: if `now` has no zone.
    """
    tables, source = simulate_tables(blueprint, leads, seed, now, drift=drift), blueprint.simulation.source
    return Simulation(
        leads=_leads(tables.leads, blueprint.target.entity),
        events=_events(tables, blueprint.target),
        outcomes=[Outcome(**row | {"lead": (source, row["lead"])}) for row in tables.outcomes.to_pylist()],
        truth={(source, row["external_id"]): row["probability"] for row in tables.truth.to_pylist()},
    )


def _leads(table: pa.Table, entity: str) -> list[Lead]:
    beside = ("source", "external_id", *_STAMPS)
    fields = table.drop_columns(list(beside)).to_pylist() if table.num_columns > len(beside) else [{}] * table.num_rows
    rows = table.select(list(beside)).to_pylist()
    return [Lead(**row, fields=given, entity=entity) for row, given in zip(rows, fields, strict=True)]


def _events(tables: SimulatedTables, target: Target) -> list[Event]:
    kinds = {field.name: field.kind for field in target.fields}
    return [
        Event(
            source=row["source"],
            external_id=row["external_id"],
            lead=(row["source"], row["lead"]),
            kind=row["kind"],
            occurred_at=row["occurred_at"],
            recorded_at=row["recorded_at"],
            fields=_particulars(row, target.numbers, kinds),
        )
        for row in tables.events.to_pylist()
    ]


def _particulars(row: dict[str, Any], numbers: tuple[str, ...], kinds: dict[str, FieldKind]) -> dict[str, Any]:
    if row["field"] is None:
        return {name: row[name] for name in numbers if row[name] is not None}
    return {"field": row["field"], "value": _read(row["value"], kinds[row["field"]])}


def _read(text: str, kind: FieldKind) -> float | bool | str:
    if kind is FieldKind.NUMBER:
        return float(text)
    return text == "true" if kind is FieldKind.YES_NO else text
