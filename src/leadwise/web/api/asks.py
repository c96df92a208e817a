"""What the API needs from the rest of the house, as protocols: `app.service` provides it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from leadwise.domain.access import Caller
from leadwise.domain.prediction import Prediction
from leadwise.registry.versions import Version
from leadwise.web.api.prediction_asks import OwnedModels
from leadwise.web.api.sellers import Sellers

Row = Mapping[str, Any]


class Callers(Protocol):
    """Knows who calls."""

    open: bool
    """Whether callers without a key are let in."""

    def find_known(self, key: str) -> Caller | None:
        """Who has this key, if that was asked lately: without waiting for the database."""

    async def find(self, key: str) -> Caller | None:
        """Who has this key; None if nobody does, or it opens nothing any more.

        Raises:
            Unavailable: if the database is away.
        """


class Predictions(Protocol):
    """Scores features that callers give."""

    async def score(
        self, organisation: str, target: str, rows: Sequence[Row], *, by_rules: bool = False
    ) -> list[Prediction]:
        """A prediction for each row, written down already.

        Raises:
            Missing: if there is no such organisation.
            Unavailable: if scores cannot be written down now.
        """


class Models(Protocol):
    """The versions of models."""

    def list(self, organisation: str, target: str) -> Sequence[Version]:
        """All versions, the newest first.

        Raises:
            Missing: if there is no such organisation.
        """

    async def roll_back(self, organisation: str, target: str, version: str, by: str) -> None:
        """Let a version answer again.

        Raises:
            Missing: if there is no such version.
        """


class Trainings(Protocol):
    """Learns models, in a process of its own."""

    async def count_past_leads(self, organisation: str, target: str) -> int:
        """How many leads there are to learn from: of known outcome, or older than the horizon.

        Raises:
            Missing: if there is no such organisation.
        """

    async def train(self, organisation: str, target: str, request: Mapping[str, Any], by: str) -> Mapping[str, Any]:
        """Learn a model, wait for its end, and give what came of it.

        Returns:
            `version`, `activated`, `reasons`, `metrics`, `rows`.

        Raises:
            Conflict: if one is being learnt already.
            LeadwiseError: why it could not be learnt.
        """


@dataclass(frozen=True)
class PartHealth:
    """How one part of the service does."""

    name: str
    ready: bool
    detail: str = ""


@dataclass(frozen=True)
class Watched:
    """How the scores of one target did that a job gave last, as far as that is known.

    Args:
        organisation: A label of whose they are, which tells nobody its name.
        target: What they predict.
        version: The model that gave them, which is active.
        drift: How far they are from those that the model was tested on: population stability index.
        leads: Leads of whom it is known what became of them within the horizon after a score.
        expected: How many of them should have converted.
        observed: How many did.
    """

    organisation: str
    target: str
    version: str
    drift: float | None
    leads: int
    expected: float
    observed: int


@dataclass(frozen=True)
class Work:
    """What the database knows of work, whichever process does it.

    Args:
        waiting: Jobs that wait.
        running: Jobs that run.
        oldest_seconds: How long the oldest of those that wait has waited; 0 if none does.
        workers: Processes that work on jobs.
        scoring_age_seconds: How long ago all open leads were scored last, by a job; None: never.
        watched: How the scores of targets did.
    """

    waiting: int
    running: int
    oldest_seconds: float
    workers: int
    scoring_age_seconds: float | None
    watched: Sequence[Watched] = ()


class Health(Protocol):
    """How the service does."""

    def check(self) -> Sequence[PartHealth]:
        """How each part does; asks the database."""

    def degraded(self) -> Sequence[str]:
        """What works less well than it should, in sentences; asks nobody."""

    def measure_work(self) -> Work | None:
        """What the database knows of jobs; None while it is away."""

    def active_version(self, organisation: str, target: str) -> str:
        """What answers for an organisation and a target; empty if nobody asked yet. Asks nobody."""


@dataclass(frozen=True)
class Limits:
    """What one caller may ask for.

    Args:
        body_bytes: The largest body of a request.
        rows: The most rows in one request.
        seconds: How long an answer may take.
        requests_per_minute: For each key, in each web process; 0: as many as they like.
    """

    body_bytes: int = 32 * 2**20
    rows: int = 100_000
    seconds: float = 30.0
    requests_per_minute: int = 0


@dataclass(frozen=True)
class Service:
    """All parts that the API asks."""

    callers: Callers
    predictions: Predictions
    models: Models
    trainings: Trainings
    sellers: Sellers
    users_models: OwnedModels
    health: Health
    limits: Limits = field(default_factory=Limits)
