"""A marketplace of cars on record, sent over the native API, and small models of it."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.blueprints.simulator_process import SimulatedTables, simulate_tables
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.registry.versions import ModelVersions
from leadwise.store.database import Database
from leadwise.store.history import read_history
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.landmarks import ARRIVED_AT, AS_OF, EXTERNAL_ID, GROUP, OUTCOME, SOURCE, landmark_table
from leadwise.training.options import FitOptions

BLUEPRINT = load_blueprint("marketplace-auto")
TARGET = BLUEPRINT.target.name
MARKET = "marketplace (simulated)"
LEADS = 300
_NOT_FIELDS = ("source", "external_id", "occurred_at", "recorded_at", "lead", "kind")


@cache
def tables() -> SimulatedTables:
    return simulate_tables(BLUEPRINT, LEADS, 5, datetime.now(UTC))


def send(client: httpx.Client) -> None:
    """Store all of it."""
    known = tables()
    for kind, table in (("leads", known.leads), ("events", known.events)):
        records = [_record(row) for row in table.to_pylist()]
        client.post(f"/api/v2/{kind}", json={kind: records}).raise_for_status()
    records = [_outcome(row) for row in known.outcomes.to_pylist()]
    client.post("/api/v2/outcomes", json={"outcomes": records}).raise_for_status()


def learn(database: Database, algorithm: str = "logistic_regression", organisation: str = "default") -> FittedModel:
    """A model of what is stored; it is stored, and scores from now on."""
    target = BLUEPRINT.target
    with database.transaction() as connection:
        history = read_history(connection, organisation, target)
        table = landmark_table(target, history, DuckDBEngine(), now=datetime.now(UTC)).drop_columns(
            [SOURCE, ARRIVED_AT]
        )
        options = FitOptions(
            outcome=target.title,
            id_column=EXTERNAL_ID,
            ordered=True,
            group_column=GROUP,
            as_of_column=AS_OF,
            horizon_days=target.horizon_days,
            actions=BLUEPRINT.actions.model_dump(),
            algorithms=(algorithm,),
            budget_seconds=2,
        )
        model = fit(table.rename_columns({OUTCOME: target.title}), options)
        versions = ModelVersions(connection, target.name, organisation)
        versions.activate(versions.add(model), "test")
    return model


def open_lead() -> str:
    """A lead without an outcome that has events."""
    known = tables()
    ended = set(known.outcomes["lead"].to_pylist())
    return next(lead for lead in reversed(known.leads["external_id"].to_pylist()) if lead not in ended)


def _record(row: dict[str, Any]) -> dict[str, Any]:
    known = {name: row[name] for name in ("source", "external_id", "kind") if name in row}
    fields = {name: value for name, value in row.items() if name not in _NOT_FIELDS and _given(value)}
    of_lead = {"lead": {"source": row["source"], "external_id": row["lead"]}} if "lead" in row else {}
    return known | of_lead | _stamps(row) | {"fields": {name: _plain(value) for name, value in fields.items()}}


def _outcome(row: dict[str, Any]) -> dict[str, Any]:
    named = {"source": row["source"], "external_id": row["lead"]}
    known = {name: row[name] for name in ("source", "external_id", "target", "won")}
    return known | _stamps(row) | {"lead": named, "value": row["value"] if _given(row["value"]) else None}


def _stamps(row: dict[str, Any]) -> Iterator[Any] | dict[str, str]:
    return {name: row[name].isoformat() for name in ("occurred_at", "recorded_at")}


def _given(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool) else str(value)
