"""What the prediction service's API needs from the rest of the house: models that belong to users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from leadwise.domain.access import Caller
from leadwise.domain.prediction import Prediction

Row = Mapping[str, Any]
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Owner:
    """Whose models a request is about.

    Args:
        caller: Who asks.
        user_id: Who owns them within the caller's organisation.
    """

    caller: Caller
    user_id: str


@dataclass(frozen=True)
class Said:
    """What was said of rows.

    Args:
        predictions: One for each row.
        ignored: By row, the names of which the model knows nothing.
        fallback_reason: Why rules answered; empty where a model did.
        trouble: Why an earlier model answered than the newest; empty where the newest did.
    """

    predictions: Sequence[Prediction]
    ignored: Sequence[Sequence[str]]
    fallback_reason: str
    trouble: str


@dataclass(frozen=True)
class TrainingRequest:
    """What is to be trained; defaults are those of the documentation.

    Args:
        model_type: What it predicts.
        algorithm: By what it is learnt.
        model_name: What its owner calls it.
        features: Columns or fields to learn from; none: all.
        preprocessing: Steps by name.
        search: How settings are tried: grid, randomised or none.
        search_trials: How many at most.
        budget_seconds: About how long it may take.
        rows: What to learn from; None: the organisation's stored leads.
        outcome: In which column of these rows the outcome stands.
        time_column: Which of their columns orders them in time.
    """

    model_type: str
    algorithm: str
    model_name: str
    features: tuple[str, ...] = ()
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    search: str = "grid"
    search_trials: int = 4
    budget_seconds: float = 20.0
    rows: Sequence[Row] | None = None
    outcome: str | None = None
    time_column: str | None = None


class OwnedModels(Protocol):
    """Models that belong to users."""

    async def predict(self, owner: Owner, model_type: str, rows: Sequence[Row]) -> Said:
        """What the owner's model, or rules, say of rows; written down already.

        Raises:
            Invalid: if there is no such type, or nobody can be called so.
            Unavailable: if it cannot be written down now.
        """

    async def train(self, owner: Owner, request: TrainingRequest) -> Document:
        """Learn a model, and let it answer from then on.

        Raises:
            Invalid: if it cannot be learnt, with the reason.
            Conflict: if the same model is being trained.
            Unavailable: if the training was cut short.
        """

    async def list_models(self, owner: Owner) -> Sequence[Document]:
        """All models of the owner, the newest first."""

    async def describe(self, owner: Owner, model_type: str) -> Document:
        """How the model that answers does, what it goes by, and whether it should be trained again.

        Raises:
            Missing: if there is none.
        """

    def preprocess(
        self, model_type: str, rows: Sequence[Row], config: Mapping[str, Any], outcome: str | None
    ) -> Document:
        """The rows after the steps that are asked for, and what they were like before.

        Raises:
            Invalid: if steps are asked for that there are not.
        """
