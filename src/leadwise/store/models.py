"""Models: stored with their files, so that a backup of the database holds them and every process sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select
from sqlalchemy.dialects.postgresql import insert

from leadwise.domain.card import Task
from leadwise.store import tables
from leadwise.store.errors import ModelNotFoundError, ModelVersionTakenError

Card = dict[str, Any]
"""A model card as JSON."""


@dataclass(frozen=True)
class StoredModel:
    """A model in the store, without its file: `ModelRepository.get_artefact` gives that.

    Args:
        version: Unique within the organisation; never given to other content.
        target: What it predicts ("car_sold").
        task: Conversion or value.
        card: The model card as JSON.
        recorded_at: When it was stored.
    """

    version: str
    target: str
    task: Task
    card: Card
    recorded_at: datetime


@dataclass(frozen=True)
class Activation:
    """From `recorded_at` on, until the next activation for the target, this version scored."""

    target: str
    version: str
    activated_by: str
    recorded_at: datetime


class ModelRepository:
    """The models of one organisation."""

    def __init__(self, connection: Connection, organisation: str = tables.DEFAULT_ORGANISATION) -> None:
        self._connection = connection
        self._organisation = organisation

    def add(self, version: str, target: str, task: Task, card: Card, artefact: bytes) -> None:
        """Store a model; storing the same again changes nothing.

        Args:
            version: Unique within the organisation.
            target: What it predicts.
            task: Conversion or value.
            card: The model card as JSON; NaN and infinity have no place in it.
            artefact: The content of the model file, at most 1 GB.

        Raises:
            ModelVersionTakenError: if another target or another file is stored under the version.
        """
        model = {"version": version, "target": target, "task": task.value, "card": card, "artefact": artefact}
        query = insert(tables.models).values(organisation_id=self._organisation, **model).on_conflict_do_nothing()
        if self._connection.scalar(query.returning(tables.models.c.version)) is None:
            self._check_same(version, target, artefact)

    def _check_same(self, version: str, target: str, artefact: bytes) -> None:
        if self.get(version).target != target or self.get_artefact(version) != artefact:
            raise ModelVersionTakenError(version)

    def get(self, version: str) -> StoredModel:
        """The model of this version.

        Raises:
            ModelNotFoundError: if there is none.
        """
        model = self._find(self._all().where(tables.models.c.version == version))
        if model is None:
            raise ModelNotFoundError(version)
        return model

    def get_artefact(self, version: str) -> bytes:
        """The content of the model file, byte for byte.

        Raises:
            ModelNotFoundError: if there is no such version.
        """
        models = tables.models.c
        query = select(models.artefact).where(models.organisation_id == self._organisation, models.version == version)
        artefact: bytes | None = self._connection.scalar(query)
        if artefact is None:
            raise ModelNotFoundError(version)
        return artefact

    def activate(self, version: str, activated_by: str = "system") -> None:
        """Let this version score for its target from now on, instead of the one that did.

        Args:
            version: A stored version.
            activated_by: Who decided, for the history.

        Raises:
            ModelNotFoundError: if there is no such version.
        """
        target = self.get(version).target
        activation = {"target": target, "version": version, "activated_by": activated_by}
        self._connection.execute(insert(tables.activations).values(organisation_id=self._organisation, **activation))

    def find_active(self, target: str) -> StoredModel | None:
        """The model that scores for the target now; None if none was ever activated."""
        newest = self._activations(target).limit(1).subquery()
        return self._find(self._all().join(newest, newest.c.version == tables.models.c.version))

    def list_activations(self, target: str) -> list[Activation]:
        """The target's activations, the newest first; the first is in force."""
        found = self._connection.execute(self._activations(target)).mappings()
        return [Activation(row["target"], row["version"], row["activated_by"], row["recorded_at"]) for row in found]

    def list(self, target: str) -> list[StoredModel]:
        """All models for the target, the newest first."""
        models = tables.models.c
        query = self._all().where(models.target == target).order_by(models.recorded_at.desc(), models.version)
        return [_model_of(row) for row in self._connection.execute(query).mappings()]

    def _all(self) -> Select[Any]:
        models = tables.models.c
        columns = models.version, models.target, models.task, models.card, models.recorded_at
        return select(*columns).where(models.organisation_id == self._organisation)

    def _activations(self, target: str) -> Select[Any]:
        activations = tables.activations.c
        return (
            select(tables.activations)
            .where(activations.organisation_id == self._organisation, activations.target == target)
            .order_by(activations.id.desc())
        )

    def _find(self, query: Select[Any]) -> StoredModel | None:
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else _model_of(row)


def _model_of(row: RowMapping) -> StoredModel:
    return StoredModel(row["version"], row["target"], Task(row["task"]), row["card"], row["recorded_at"])
