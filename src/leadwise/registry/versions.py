"""Models in the store: which versions there are, and which one scores now."""

from sqlalchemy import Connection

from leadwise.domain.card import ModelCard
from leadwise.domain.errors import Missing
from leadwise.registry.model_file import dump_model, load_model
from leadwise.store.models import ModelRepository
from leadwise.store.tables import DEFAULT_ORGANISATION
from leadwise.training.fitted_model import FittedModel


class NoActiveModelError(Missing):
    """Nothing can be scored: no model was ever activated for the target."""

    code = "no_active_model"

    def __init__(self, target: str) -> None:
        self.target = target
        super().__init__(f"No model scores for {target!r} yet; fit one and activate it, then try again.")


class ModelVersions:
    """The versions of one organisation's model for one target."""

    def __init__(self, connection: Connection, target: str, organisation: str = DEFAULT_ORGANISATION) -> None:
        self._models = ModelRepository(connection, organisation)
        self._target = target

    def add(self, model: FittedModel) -> str:
        """Store a model, and get its version.

        A version names what a model says, not when it was fitted: the same fitted again is stored already, and its
        first card stays.
        """
        card = model.card
        if all(stored.version != card.model_version for stored in self._models.list(self._target)):
            document = card.model_dump(mode="json")
            self._models.add(card.model_version, self._target, card.task, document, dump_model(model))
        return card.model_version

    def activate(self, version: str, activated_by: str) -> None:
        """Let a stored version score from now on.

        Raises:
            ModelNotFoundError: if there is no such version.
        """
        self._models.activate(version, activated_by)

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
        return load_model(self._models.get_artefact(stored.version), f"of version {stored.version} in the database")
