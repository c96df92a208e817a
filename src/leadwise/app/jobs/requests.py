"""What may be asked of each kind of job, and asking for it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection

from leadwise.app.known_blueprints import known_targets
from leadwise.app.owned.model_types import get_model_type
from leadwise.app.owned.owners import is_owned, model_type_of
from leadwise.app.tracing import traceparent
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.errors import Invalid, Missing
from leadwise.domain.job import Job, JobFailure, JobKind
from leadwise.registry.gate import LEAST_ROWS
from leadwise.store.jobs import JobRepository
from leadwise.training.options import DEFAULT_BUDGET_SECONDS, SearchStyle

Names = tuple[str, ...]
LONGEST_BUDGET_SECONDS = 86_400
HIGHEST_SEED = 2**31 - 10
UNEXPECTED = JobFailure(
    "unexpected",
    "Something went wrong that leadwise did not expect; the log of the process that works on jobs says more. Ask for "
    "the job again, and report it if it fails again.",
)
"""What is told of a job that failed in a way that nobody expected."""


class UnknownTargetError(Missing):
    """No blueprint says what the target is."""

    code = "unknown_target"

    def __init__(self, target: str, known: tuple[str, ...]) -> None:
        self.target, self.known = target, known
        super().__init__(f"There is no target {target!r}; name one of {', '.join(known)}.")


class JobRequestError(Invalid):
    """A job was asked for in a way that is not understood."""

    code = "job_request"

    def __init__(self, kind: JobKind, mistakes: tuple[tuple[str, str], ...]) -> None:
        self.kind = kind
        self.mistakes = mistakes
        """(place, sentence)"""
        listed = "; ".join(f"{place}: {sentence}" if place else sentence for place, sentence in mistakes)
        super().__init__(f"The request of a job of the kind {kind.value!r} cannot be used: {listed}.")


class _Request(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RefreshRequest(_Request):
    """Compute features of all leads anew."""

    as_of: AwareDatetime | None = None
    """The instant that open leads' features are of; None: now."""


class ScoreRequest(_Request):
    """Score all open leads."""

    refresh: bool = True
    """Whether features are computed anew first."""
    as_of: AwareDatetime | None = None
    """Then, the instant that they are of; None: now."""


class TrainRequest(_Request):
    """Learn a model."""

    refresh: bool = True
    """Whether features are computed anew first."""
    as_of: AwareDatetime | None = None
    """Then, the instant that they are of; None: now."""
    budget_seconds: Annotated[float, Field(ge=1, le=LONGEST_BUDGET_SECONDS)] = DEFAULT_BUDGET_SECONDS
    algorithms: Names = ()
    """Those that compete; none: all."""
    seed: Annotated[int, Field(ge=0, le=HIGHEST_SEED)] = 0
    drop: Names = ()
    """Features to leave out."""
    keep: Names = ()
    """Features to use whatever the leak check says."""
    accepted_leaks: Names = ()
    """Of those, the ones that may score although they look as if known only after the outcome."""
    must_improve: bool = False
    """Whether the model must be better than the active one to score; else not worse, within noise, is enough."""
    least_rows: Annotated[int, Field(ge=0)] = LEAST_ROWS
    """How many past leads it must have learnt from to score."""


class OwnedTrainRequest(_Request):
    """Learn a model that belongs to a user from the organisation's stored leads."""

    user_id: str
    model_type: str
    algorithm: str
    model_name: str
    features: Names = ()
    """Columns or fields to learn from; none: all."""
    preprocessing: dict[str, Any] = {}
    """As `read_preprocessing` takes it."""
    search: SearchStyle | None = None
    search_trials: Annotated[int, Field(ge=1)] | None = None
    budget_seconds: Annotated[float, Field(ge=1, le=LONGEST_BUDGET_SECONDS)] = DEFAULT_BUDGET_SECONDS


REQUESTS: Mapping[JobKind, type[_Request]] = {
    JobKind.TRAIN: TrainRequest,
    JobKind.TRAIN_OWNED: OwnedTrainRequest,
    JobKind.REFRESH: RefreshRequest,
    JobKind.SCORE: ScoreRequest,
}


def ask_for(
    connection: Connection, organisation: str, kind: JobKind, target: str, request: Mapping[str, Any], requested_by: str
) -> Job:
    """A new job.

    Args:
        connection: A transaction; the job begins after its end.
        organisation: Whose leads.
        kind: What is to be done.
        target: The name of the target, or of its blueprint.
        request: As JSON, what the kind's request class says; what is left out has its default.
        requested_by: Who asks; the audit names them.

    Raises:
        UnknownTargetError: if no blueprint predicts the target.
        JobRequestError: if the request cannot be used.
        JobAtWorkError: if the same is being done already.
    """
    name = target if is_owned(target) else blueprint_of(target).target.name
    checked = read_request(kind, request).model_dump(mode="json", exclude_unset=True)
    return JobRepository(connection, organisation).add(kind, name, checked, requested_by, traceparent())


def blueprint_of(target: str) -> Blueprint:
    """The blueprint that predicts a target, by the name of either; of a user's target that of its type of model.

    Raises:
        UnknownTargetError: if none that is known does.

    >>> blueprint_of("car_sold") == blueprint_of("marketplace-auto")
    True
    """
    if is_owned(target):
        return get_model_type(model_type_of(target)).blueprint
    known = known_targets()
    for of_target, (name, blueprint) in known.items():
        if target in (name, of_target):
            return blueprint
    raise UnknownTargetError(target, tuple(sorted(known)))


def read_request(kind: JobKind, request: Mapping[str, Any]) -> Any:
    """The request as its kind's class.

    Raises:
        JobRequestError: if it cannot be used.

    >>> read_request(JobKind.TRAIN, {"budget_seconds": 5}).budget_seconds
    5.0
    >>> read_request(JobKind.TRAIN, {"budget": 5})
    Traceback (most recent call last):
    leadwise.app.jobs.requests.JobRequestError: ... cannot be used: budget: Extra inputs are not permitted.
    """
    try:
        return REQUESTS[kind].model_validate(dict(request))
    except ValidationError as error:
        mistakes = ((".".join(str(part) for part in found["loc"]), found["msg"]) for found in error.errors())
        raise JobRequestError(kind, tuple(mistakes)) from None
