"""Models: stored with their files, so that a backup of the database holds them and every process sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, null, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from leadwise.domain.card import Task
from leadwise.domain.clock import in_utc
from leadwise.store import tables
from leadwise.store.errors import ModelNotFoundError, ModelRemovedError, ModelVersionTakenError

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
        has_file: Whether it can score; the files of old versions are removed, their cards stay.
    """

    version: str
    target: str
    task: Task
    card: Card
    recorded_at: datetime
    has_file: bool = True


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
        """Store a model; storing the same again changes nothing, unless its file was removed.

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
        query = insert(tables.models).values(organisation_id=self._organisation, **model)
        query = query.on_conflict_do_update(
            index_elements=["organisation_id", "version"],
            set_={"artefact": query.excluded.artefact},
            where=and_(tables.models.c.artefact.is_(None), tables.models.c.target == query.excluded.target),
        )
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
            ModelRemovedError: if its file was removed.
        """
        models = tables.models.c
        query = select(models.artefact).where(models.organisation_id == self._organisation, models.version == version)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise ModelNotFoundError(version)
        artefact: bytes | None = row.artefact
        if artefact is None:
            raise ModelRemovedError(version)
        return artefact

    def remove_files(self, target: str, keep: int, activated_since: datetime) -> list[str]:
        """Remove the files of old versions, and get which; cards and activations stay.

        Args:
            target: Of which target.
            keep: The newest so many stay.
            activated_since: All that were active at that instant or later stay; and always the active one and the one
                before it.
        """
        models = tables.models.c
        locked = select(models.version).where(models.organisation_id == self._organisation, models.target == target)
        newest = locked.where(models.artefact.is_not(None)).order_by(models.recorded_at.desc(), models.version)
        # Who activates a version holds its row; so what is read next is what is in force until all is removed.
        old = self._connection.scalars(newest.with_for_update(of=tables.models)).all()[keep:]
        needed = self._needed(target, activated_since)
        removed = [version for version in old if version not in needed]
        query = update(tables.models).where(models.organisation_id == self._organisation, models.version.in_(removed))
        self._connection.execute(query.values(artefact=null()))
        return removed

    def _needed(self, target: str, activated_since: datetime) -> set[str]:
        """The active version, the one before it, and all that were active at that instant or later."""
        needed: set[str] = set()
        for activation in self.list_activations(target):
            needed.add(activation.version)
            if activation.recorded_at <= activated_since and len(needed) > 1:
                break  # whatever was activated before this one was over by then
        return needed

    def activate(self, version: str, activated_by: str = "system") -> None:
        """Let this version score for its target from now on, instead of the one that did.

        Args:
            version: A stored version.
            activated_by: Who decided, for the history.

        Raises:
            ModelNotFoundError: if there is no such version.
            ModelRemovedError: if its file was removed.
        """
        found = self._find(self._all().where(tables.models.c.version == version).with_for_update(read=True))
        if found is None:
            raise ModelNotFoundError(version)
        if not found.has_file:
            raise ModelRemovedError(version)
        target = found.target
        activation = {"target": target, "version": version, "activated_by": activated_by}
        self._connection.execute(insert(tables.activations).values(organisation_id=self._organisation, **activation))

    def find_active(self, target: str) -> StoredModel | None:
        """The model that scores for the target now; None if none was ever activated."""
        newest = self._activations(target).limit(1).subquery()
        return self._find(self._all().join(newest, newest.c.version == tables.models.c.version))

    def find_activation(self, target: str, as_of: datetime | None = None) -> Activation | None:
        """The activation that is in force now, or was at an instant; None if none was yet."""
        query = self._activations(target)
        if as_of is not None:
            query = query.where(tables.activations.c.recorded_at <= in_utc("as_of", as_of))
        row = self._connection.execute(query.limit(1)).mappings().one_or_none()
        return None if row is None else _activation_of(row)

    def list_activations(self, target: str) -> list[Activation]:
        """The target's activations, the newest first; the first is in force."""
        found = self._connection.execute(self._activations(target)).mappings()
        return [_activation_of(row) for row in found]

    def list(self, target: str) -> list[StoredModel]:
        """All models for the target, the newest first."""
        models = tables.models.c
        query = self._all().where(models.target == target).order_by(models.recorded_at.desc(), models.version)
        return [_model_of(row) for row in self._connection.execute(query).mappings()]

    def _all(self) -> Select[Any]:
        models = tables.models.c
        has_file = models.artefact.is_not(None).label("has_file")
        columns = models.version, models.target, models.task, models.card, models.recorded_at, has_file
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


def newest_activations(connection: Connection) -> dict[tuple[str, str], str]:
    """The version that scores now, by organisation and target: of all that the connection may see."""
    activations = tables.activations.c
    place = activations.organisation_id, activations.target
    newest_first = select(*place, activations.version).order_by(*place, activations.id.desc())
    query = newest_first.ext(distinct_on(*place))
    return {(organisation, target): version for organisation, target, version in connection.execute(query)}


def _activation_of(row: RowMapping) -> Activation:
    return Activation(row["target"], row["version"], row["activated_by"], row["recorded_at"])


def _model_of(row: RowMapping) -> StoredModel:
    return StoredModel(
        row["version"], row["target"], Task(row["task"]), row["card"], row["recorded_at"], row["has_file"]
    )
