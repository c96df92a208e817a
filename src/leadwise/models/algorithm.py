"""What every algorithm offers. One algorithm stands in one file of this room and is found by its file name.

An algorithm speaks *margins*: log-odds for a conversion model, the amount for a value model. Contributions add up
there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, Floats, Frame

Group = NDArray[np.int64]
Settings = Mapping[str, Any]
"""What was set of an algorithm, by name; plain values that JSON can hold."""
T = TypeVar("T")
Parts = dict[str, bytes]
"""A fitted model as named files: JSON, arrays or a booster's own text. Nothing in them can be executed."""

THREADS = 2
"""Threads for one fit or prediction: more than the cores there are makes a busy machine many times slower."""
ENOUGH_FOR_THREADS = 2_000_000
"""Numbers in a matrix from which on a second thread pays; on less, threads wait longer than they work."""
TREND: Mapping[str, tuple[bool, ...]] = {"trend": (False,)}
"""A setting of those that can learn how things change: rows are in time order, and predictions are as of the last."""


def side_by_side(jobs: Sequence[Callable[[], T]], matrix: Floats) -> list[T]:
    """What the jobs give, in their order; as many run at once as threads are left over by each.

    Args:
        jobs: Each fits something on about so much data. What one of them raises is raised here, once none is running.
        matrix: The data.

    >>> side_by_side([lambda: 1, lambda: 2], np.zeros((10, 3)))
    [1, 2]
    """
    workers = THREADS // threads_for(matrix)
    if workers == 1:
        return [job() for job in jobs]
    with ThreadPoolExecutor(workers) as pool:
        return [running.result() for running in [pool.submit(job) for job in jobs]]


def counted(weight: Floats | None, rows: int) -> Floats:
    """How much each row counts: what was said, else 1."""
    return np.ones(rows) if weight is None else weight


def counted_by_group(group: Group | None, rows: int) -> Floats:
    """How much each row counts where the rows of one group count as one together.

    >>> counted_by_group(np.array([7, 7, 9]), 3).tolist(), counted_by_group(None, 2).tolist()
    ([0.5, 0.5, 1.0], [1.0, 1.0])
    """
    if group is None:
        return np.ones(rows)
    _, label, size = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / size[label])


def threads_for(matrix: Floats) -> int:
    """Threads that pay for a matrix of this size."""
    return THREADS if matrix.size > ENOUGH_FOR_THREADS else 1


@dataclass(frozen=True)
class Explanation:
    """Why margins are what they are.

    Args:
        contributions: Shape (rows, features), in log-odds or in units of the value.
        base: The margin before any contribution, the same for every row.
    """

    contributions: Floats
    base: float

    @property
    def margins(self) -> Floats:
        """What base and contributions add up to. Shape (rows,)."""
        return np.asarray(self.base + self.contributions.sum(axis=1))


class Predictor(ABC):
    """What a fitted model of any kind offers to scoring: margins, their reasons, and its state."""

    name: ClassVar[str]
    """Its name on leaderboards and for `--algorithm`: that of its file."""

    settings: dict[str, Any]
    """What was set of it, by name; plain values that JSON can hold."""

    @abstractmethod
    def predict(self, frame: Frame) -> Floats:
        """Margins, shape (rows,)."""

    @abstractmethod
    def explain(self, frame: Frame) -> Explanation:
        """What each feature contributes to each margin; adds up to `predict` within 1e-9."""

    def explain_exactly(self, frame: Frame) -> Explanation:
        """Shapley values, which also add up to `predict`; slower than `explain`, unless that gives them anyway.

        Left as it is by algorithms that are a sum over features, where every way of sharing out is the same.
        """
        return self.explain(frame)

    def explain_row(self, frame: Frame) -> Explanation:
        """What `explain` gives for a frame of one row, within 1e-9; made quicker where single rows are scored often."""
        return self.explain(frame)

    @abstractmethod
    def save(self) -> Parts:
        """The fitted state, for `load`."""


class Algorithm(Predictor):
    """An algorithm for one task. A new instance is unfitted; `fit` returns it fitted.

    Args:
        task: Conversion (targets 0 and 1) or value (targets are amounts).
        settings: What is to differ from the defaults, by name.
    """

    tasks: ClassVar[frozenset[Task]] = frozenset(Task)
    """What it can predict."""

    competes: ClassVar[bool] = True
    """Whether it enters the leaderboard by itself, and can be asked for by name."""

    takes_preprocessing: ClassVar[bool] = True
    """Whether it may be fitted on preprocessed features; if not, it needs the columns as they are."""

    SETTINGS: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    """What may be set, and the values that a search tries; the first of them is the default."""

    def __init__(self, task: Task, settings: Settings | None = None) -> None:
        assert task in self.tasks, f"{self.name} does not predict {task}"
        self.task = task
        self.settings = {name: values[0] for name, values in self.SETTINGS.items()} | dict(settings or {})

    def unfitted(self) -> Self:
        """The same algorithm with the same settings, to be fitted anew."""
        return type(self)(self.task, self.settings)

    def resettled(self, settings: Settings) -> Self:
        """The same algorithm, unfitted, with other settings, as far as it has these."""
        return self.unfitted().with_settings({name: settings[name] for name in settings if name in self.SETTINGS})

    def with_settings(self, settings: Settings) -> Self:
        """This algorithm, which remembers that it was fitted with these settings: for models that were loaded."""
        self.settings |= settings
        return self

    @property
    def tuned(self) -> Settings:
        """The settings of what learns: its own, unless it stands around another algorithm."""
        return self.settings

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """What may be set of what learns."""
        return self.SETTINGS

    @classmethod
    def alternatives(cls, task: Task, target: Floats) -> tuple[Settings, ...]:
        """Settings that suit some targets better than the defaults: validation tries them without being asked.

        Args:
            task: What is predicted.
            target: All targets that there are to learn from.
        """
        del task, target
        return ()

    @abstractmethod
    def fit(
        self, frame: Frame, target: Floats, *, seed: int, group: Group | None = None, weight: Floats | None = None
    ) -> Self:
        """This algorithm, fitted. Copes with NaN, unseen codes, constant features and rare targets by itself.

        Args:
            frame: Features, shape (rows, features).
            target: 1 and 0, or amounts; shape (rows,).
            seed: For everything left to chance.
            group: A label for each row: rows of one lead have the same, and choices that the algorithm makes by itself
                never set them against each other. None: each row is a lead of its own.
            weight: How much each row counts, 1 on average (new leads may tell more than old ones); None: all the same.
        """

    @classmethod
    @abstractmethod
    def load(cls, task: Task, features: Sequence[Feature], parts: Mapping[str, bytes]) -> Self:
        """The algorithm as it was when saved: its margins are the same to the last bit.

        Raises:
            KeyError, ValueError: if the parts are not what `save` gave.
        """
