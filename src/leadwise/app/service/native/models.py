"""Targets and the versions of their models, as the native API has them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from leadwise.app.service.native.records import named
from leadwise.app.service.native.targets import Targets
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.access import Caller
from leadwise.domain.clock import now
from leadwise.domain.errors import Conflict
from leadwise.domain.target import Target
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.found_kinds import with_kinds
from leadwise.registry.comparison import Comparison, compare
from leadwise.registry.gate import figures_of
from leadwise.registry.versions import ModelVersions, Version
from leadwise.store.database import Database
from leadwise.store.history import read_history
from leadwise.store.models import ModelRepository
from leadwise.training.feature_store.folders import Folder
from leadwise.training.feature_store.refreshing import fingerprint
from leadwise.training.feature_store.snapshot import Shelf, shelf_name
from leadwise.training.landmarks import landmark_table, open_lead_table
from leadwise.web.api.v2.paging import Listed, Place
from leadwise.web.api.v2.shapes.models import (
    ActiveAnswer,
    ComparisonAnswer,
    InProductionAnswer,
    MoverAnswer,
    TargetAnswer,
    TargetDetail,
    VersionAnswer,
    VersionDetail,
    WordAnswer,
)
from leadwise.web.api.v2.shapes.scores import ReasonAnswer


class DifferentTargetsError(Conflict):
    """Two versions predict different things."""

    code = "different_targets"

    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            f"Versions of one target can be compared, but these predict {first!r} and {second!r}; choose two of one."
        )


class StoredModels:
    """Models by organisation.

    Args:
        database: Where they are.
        targets: What can be predicted.
        snapshots: The feature store.
    """

    def __init__(self, database: Database, targets: Targets, snapshots: Folder) -> None:
        self._database, self._targets, self._snapshots = database, targets, snapshots

    def list_targets(self, organisation: str) -> Sequence[TargetAnswer]:
        """What can be predicted."""
        with self._database.transaction(organisation) as connection:
            return [
                TargetAnswer(**_target(connection, organisation, name, blueprint))
                for name, blueprint in self._targets.all.values()
            ]

    def get_target(self, organisation: str, name: str) -> TargetDetail:
        """One target."""
        blueprint = self._targets.get(name)
        target = blueprint.target
        with self._database.transaction(organisation) as connection:
            known = _target(connection, organisation, self._targets.all[name][0], blueprint)
        return TargetDetail(
            **known,
            fields=[WordAnswer(name=each.name, title=each.title) for each in target.fields],
            events=[WordAnswer(name=each.name, title=each.title) for each in target.events],
            segments=list(target.segments),
            actions=blueprint.actions.model_dump(),
        )

    def list_versions(
        self, organisation: str, target: str, limit: int, after: Place | None
    ) -> Sequence[Listed[VersionAnswer]]:
        """Versions, the newest first; a place is (stored at, version)."""
        with self._database.transaction(organisation) as connection:
            versions = ModelVersions(connection, target, organisation).list()
        listed = [
            Listed((each.recorded_at.isoformat(), each.version), VersionAnswer(**_version(each, target)))
            for each in versions
        ]
        seen = [each.place for each in listed]
        start = seen.index(after) + 1 if after in seen else 0 if after is None else len(listed)
        return listed[start : start + limit]

    def get_version(self, organisation: str, version: str) -> VersionDetail:
        """One version with its card."""
        with self._database.transaction(organisation) as connection:
            target = ModelRepository(connection, organisation).get(version).target
            found = ModelVersions(connection, target, organisation).get(version)
        return VersionDetail(**_version(found, target), card=found.card.model_dump(mode="json"))

    def activate(self, caller: Caller, version: str) -> ActiveAnswer:
        """Let a version score from now on."""
        organisation = caller.organisation
        with self._database.transaction(organisation) as connection:
            target = ModelRepository(connection, organisation).get(version).target
            ModelVersions(connection, target, organisation).activate(version, caller.name)
        return ActiveAnswer(target=target, version=version)

    def roll_back(self, caller: Caller, target: str, to: str | None) -> ActiveAnswer:
        """Let an earlier version score again."""
        with self._database.transaction(caller.organisation) as connection:
            version = ModelVersions(connection, target, caller.organisation).roll_back(caller.name, to)
        return ActiveAnswer(target=target, version=version)

    def compare(self, organisation: str, first: str, second: str) -> ComparisonAnswer:
        """Two versions on the same leads."""
        with self._database.transaction(organisation) as connection:
            stored = ModelRepository(connection, organisation)
            names = [stored.get(version).target for version in (first, second)]
            if names[0] != names[1]:
                raise DifferentTargetsError(*names)
            shipped = self._targets.get(names[0]).target
            versions = ModelVersions(connection, shipped.name, organisation)
            models = [versions.get_model(version) for version in (first, second)]
            target = models[1].target or models[0].target or shipped
            target, open_leads, past_leads = self._leads(connection, organisation, shipped, target)
        return _comparison(compare(models[0], models[1], target, open_leads, past_leads))

    def in_production(self, organisation: str, target: str, at: datetime) -> InProductionAnswer:
        """Which version scored at an instant."""
        with self._database.transaction(organisation) as connection:
            found = ModelVersions(connection, target, organisation).find_in_production(at)
        return InProductionAnswer(
            target=target,
            at=at,
            version=found.version if found else None,
            activated_at=found.recorded_at if found else None,
            activated_by=found.activated_by if found else None,
        )

    def _leads(
        self, connection: Connection, organisation: str, shipped: Target, own: Target
    ) -> tuple[Target, pa.Table, pa.Table]:
        """Features of open and of past leads, and the target that they are of.

        They are those of the newest snapshot. If there is none of the blueprint's target, as it is now, they are made
        now, by the models' own.
        """
        shelf = Shelf(self._snapshots.below(shelf_name(shipped.name, organisation)))
        latest = shelf.find_latest()
        if latest is not None:
            found = with_kinds(shipped, latest.found_kinds)
            if latest.fingerprint == fingerprint(found):
                snapshot = shelf.get()
                return found, snapshot.features, snapshot.training
        history, engine, at = read_history(connection, organisation, own), DuckDBEngine(), now()
        open_leads = open_lead_table(own, history, engine, as_of=at)
        return own, open_leads, landmark_table(own, history, engine, now=at)


def _target(connection: Connection, organisation: str, name: str, blueprint: Blueprint) -> dict[str, Any]:
    target = blueprint.target
    active = ModelRepository(connection, organisation).find_active(target.name)
    return {
        "name": target.name,
        "title": target.title,
        "blueprint": name,
        "entity": target.entity,
        "task": target.task.value,
        "horizon_days": target.horizon_days,
        "open_days": target.open_days,
        "active_version": active.version if active else None,
    }


def _version(found: Version, target: str) -> dict[str, Any]:
    return {
        "version": found.version,
        "target": target,
        "task": found.card.task.value,
        "created_at": found.card.created_at,
        "recorded_at": found.recorded_at,
        "is_active": found.is_active,
        "activated_at": found.activated_at,
        "activated_by": found.activated_by,
        "has_file": found.has_file,
        "algorithm": found.card.algorithm,
        "rows": found.card.data.rows,
        "metrics": figures_of(found.card),
    }


def _comparison(found: Comparison) -> ComparisonAnswer:
    movers = [
        MoverAnswer(
            lead=named(mover.lead),
            before=mover.before,
            after=mover.after,
            reasons=[ReasonAnswer(**asdict(reason)) for reason in mover.reasons],
        )
        for mover in found.movers
    ]
    known = {name: getattr(found, name) for name in ComparisonAnswer.model_fields}
    metrics = {
        name: None if known[name] is None else known[name].model_dump(mode="json")
        for name in ("first_metrics", "second_metrics")
    }
    changes = [asdict(change) for change in found.grade_changes]
    return ComparisonAnswer.model_validate({**known, **metrics, "grade_changes": changes, "movers": movers})
