"""Models in the store: which versions there are, which one scores now, and which one did."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection

from leadwise.domain.card import ModelCard
from leadwise.domain.clock import now
from leadwise.domain.errors import Conflict, LeadwiseError, Missing, Unavailable
from leadwise.registry.model_file import dump_model, load_model
from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.errors import ModelNotFoundError
from leadwise.store.models import Activation, ModelRepository, StoredModel
from leadwise.store.tables import DEFAULT_ORGANISATION
from leadwise.training.fitted_model import FittedModel

MOST_TRIED = 5
"""How many versions are tried, the newest activation first, before there is no model."""


class NoActiveModelError(Missing):
    """Nothing can be scored: no model was ever activated for the target."""

    code = "no_active_model"

    def __init__(self, target: str) -> None:
        self.target = target
        super().__init__(f"No model scores for {target!r} yet; fit one and activate it, then try again.")


class NothingBeforeError(Conflict):
    """There is no version to go back to."""

    code = "nothing_before"

    def __init__(self, target: str) -> None:
        self.target = target
        super().__init__(
            f"Rolling back needs a version that scored for {target!r} before the active one, but there was none; "
            "name a version, or fit another model."
        )


@dataclass(frozen=True)
class FailedVersion:
    """A version that was activated but cannot be used: why, as a stable code and a sentence."""

    version: str
    code: str
    detail: str


class NoUsableModelError(Unavailable):
    """Versions were activated, but none of them can be used."""

    code = "no_usable_model"

    def __init__(self, target: str, failed: tuple[FailedVersion, ...]) -> None:
        self.target, self.failed = target, failed
        super().__init__(
            f"A model should score for {target!r}, but none of those that were activated can be used. "
            f"{failed[0].detail}"
        )


@dataclass(frozen=True)
class Version:
    """A version as it is listed.

    Args:
        version: Names it.
        card: Its card.
        recorded_at: When it was stored.
        is_active: Whether it scores now.
        activated_at: When it was activated last; None if it never was.
        activated_by: By whom.
        has_file: Whether it can score; the files of old versions are removed.
    """

    version: str
    card: ModelCard
    recorded_at: datetime
    is_active: bool
    activated_at: datetime | None
    activated_by: str | None
    has_file: bool


@dataclass(frozen=True)
class Working:
    """The model that answers.

    Args:
        model: The active one, or the newest one before it that can be used.
        failed: Those that should answer in its place, the active one first; empty where all is well.
    """

    model: FittedModel
    failed: tuple[FailedVersion, ...] = ()


class ModelVersions:
    """The versions of one organisation's model for one target."""

    def __init__(self, connection: Connection, target: str, organisation: str = DEFAULT_ORGANISATION) -> None:
        self._models = ModelRepository(connection, organisation)
        self._audit = AuditRepository(connection, organisation)
        self._target = target

    def add(self, model: FittedModel) -> str:
        """Store a model, and get its version.

        A version names what a model says, not when it was fitted: the same fitted again is stored already, and its
        first card stays.
        """
        card = model.card
        stored = {model.version for model in self._models.list(self._target) if model.has_file}
        if card.model_version not in stored:
            document = card.model_dump(mode="json")
            self._models.add(card.model_version, self._target, card.task, document, dump_model(model))
        return card.model_version

    def activate(self, version: str, activated_by: str) -> None:
        """Let a stored version score from now on.

        Raises:
            ModelNotFoundError: if the target has no such version.
            ModelRemovedError: if its file was removed.
        """
        self._activate(version, activated_by, AuditAction.ACTIVATE)

    def roll_back(self, activated_by: str, to: str | None = None) -> str:
        """Let an earlier version score again, and get which.

        Args:
            activated_by: Who decided.
            to: Any stored version; None: the one that scored before the active one.

        Raises:
            NothingBeforeError: if none is named and there was none before.
            ModelNotFoundError, ModelRemovedError: as `activate` does.
        """
        version = to or self._find_version_before()
        if version is None:
            raise NothingBeforeError(self._target)
        self._activate(version, activated_by, AuditAction.ROLL_BACK)
        return version

    def list(self) -> list[Version]:
        """All versions, the newest first."""
        newest: dict[str, Activation] = {}
        activations = self._models.list_activations(self._target)
        for activation in reversed(activations):
            newest[activation.version] = activation
        active = activations[0].version if activations else None
        return [
            _listed(model, newest.get(model.version), active=model.version == active)
            for model in self._models.list(self._target)
        ]

    def get(self, version: str) -> Version:
        """One version.

        Raises:
            ModelNotFoundError: if the target has none of this name.
        """
        found = next((listed for listed in self.list() if listed.version == version), None)
        if found is None:
            raise ModelNotFoundError(version)
        return found

    def get_model(self, version: str) -> FittedModel:
        """The model of a version.

        Raises:
            ModelNotFoundError, ModelRemovedError: if the target has none, or no more.
            DamagedModelFileError, NewerModelFormatError: if this leadwise cannot use it.
        """
        self._check(version)
        return self._load(version)

    def find_active_card(self) -> ModelCard | None:
        """The card of the model that scores now, without reading the model; None if there is none."""
        stored = self._models.find_active(self._target)
        return None if stored is None else ModelCard.model_validate(stored.card)

    def get_active(self) -> FittedModel:
        """The model that scores now.

        Raises:
            NoActiveModelError: if there is none.
            DamagedModelFileError, NewerModelFormatError: if this leadwise cannot use it.
        """
        stored = self._models.find_active(self._target)
        if stored is None:
            raise NoActiveModelError(self._target)
        return self._load(stored.version)

    def get_active_or_previous(self) -> Working:
        """The model that scores now; where it cannot be used, the newest one activated before it that can.

        Raises:
            NoActiveModelError: if none was ever activated.
            NoUsableModelError: if none of the newest `MOST_TRIED` of them can be used.
        """
        failed: list[FailedVersion] = []
        activated = dict.fromkeys(entry.version for entry in self._models.list_activations(self._target))
        for version in islice(activated, MOST_TRIED):
            try:
                return Working(self._load(version), tuple(failed))
            except Unavailable:  # the database is away, which says nothing of the version
                raise
            except LeadwiseError as error:
                failed.append(FailedVersion(version, error.code, str(error)))
        if not failed:
            raise NoActiveModelError(self._target)
        raise NoUsableModelError(self._target, tuple(failed))

    def find_active_version(self) -> str | None:
        """The version that should score now; None if none was ever activated."""
        found = self._models.find_activation(self._target)
        return None if found is None else found.version

    def find_in_production(self, as_of: datetime) -> Activation | None:
        """Which version scored at that instant, since when, and who had decided; None if none did yet."""
        return self._models.find_activation(self._target, as_of)

    def prune(self, keep: int, days: float, pruned_by: str) -> tuple[str, ...]:
        """Remove the files of old versions, and get which; their cards and activations stay.

        Never removed are the newest `keep`, those that scored within the last `days` days, the active one, and the one
        that scored before it.
        """
        removed = self._models.remove_files(self._target, keep, now() - timedelta(days=days))
        if removed:
            self._audit.add(AuditAction.PRUNE, self._target, pruned_by, {"versions": removed})
        return tuple(removed)

    def _activate(self, version: str, activated_by: str, action: AuditAction) -> None:
        self._check(version)
        before = self._models.find_active(self._target)
        self._models.activate(version, activated_by)
        details = {"version": version, "before": None if before is None else before.version}
        self._audit.add(action, self._target, activated_by, details)

    def _check(self, version: str) -> None:
        """Refuse what is another target's."""
        if self._models.get(version).target != self._target:
            raise ModelNotFoundError(version)

    def _find_version_before(self) -> str | None:
        versions = dict.fromkeys(entry.version for entry in self._models.list_activations(self._target))
        return list(versions)[1] if len(versions) > 1 else None

    def _load(self, version: str) -> FittedModel:
        return load_model(self._models.get_artefact(version), f"of version {version} in the database")


def _listed(model: StoredModel, activation: Activation | None, *, active: bool) -> Version:
    return Version(
        version=model.version,
        card=ModelCard.model_validate(model.card),
        recorded_at=model.recorded_at,
        is_active=active,
        activated_at=None if activation is None else activation.recorded_at,
        activated_by=None if activation is None else activation.activated_by,
        has_file=model.has_file,
    )
