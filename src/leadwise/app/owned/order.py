"""What is asked for when a model is to be trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadwise.domain.errors import Conflict
from leadwise.training.options import SearchStyle


class AlreadyTrainingError(Conflict):
    """The same model is being trained."""

    code = "already_training"

    def __init__(self, model_type: str, user_id: str) -> None:
        super().__init__(f"A {model_type} model of {user_id[:60]!r} is being trained already; wait until it is done.")


@dataclass(frozen=True)
class TrainingOrder:
    """What is to be trained. Plain values alone.

    Args:
        organisation: Whose leads, and where the model belongs.
        user_id: Who owns it there.
        model_type: What it predicts.
        algorithm: By what it is learnt.
        model_name: What its owner calls it.
        ordered_by: Who asked, for the history.
        features: Columns or fields to learn from; none: all.
        preprocessing: As `read_preprocessing` takes it.
        search: How settings are tried; None: not at all.
        search_trials: How many at most.
        budget_seconds: About how long it may take.
        rows: What to learn from; None: the organisation's stored leads.
        outcome: In which column of these rows the outcome stands; None: where it usually does.
        time_column: Which of their columns orders them in time.
    """

    organisation: str
    user_id: str
    model_type: str
    algorithm: str
    model_name: str
    ordered_by: str
    features: tuple[str, ...] = ()
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    search: SearchStyle | None = None
    search_trials: int | None = None
    budget_seconds: float = 20.0
    rows: Sequence[Mapping[str, Any]] | None = None
    outcome: str | None = None
    time_column: str | None = None
