"""What passes from step to step while a model is fitted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import SearchTrial, Task
from leadwise.domain.frame import Floats, Frame
from leadwise.models.algorithm import Algorithm
from leadwise.training.options import FitOptions
from leadwise.training.preparation import PreparedTable
from leadwise.training.splits import Split
from leadwise.training.validation import Contender


@dataclass(frozen=True)
class Material:
    """What the algorithms get.

    Args:
        task: What is predicted.
        rows: The positions in the table of the rows that `frame` and `target` stand for, in time order where known.
        frame: Their features.
        target: Their outcomes.
        group: A label for each of them: rows of one lead have the same; None: each is a lead of its own.
        split: Which of them (by position in `frame`) are for what.
        enough: Whether there are enough outcomes to learn from; if not, rules stand in.
        warnings: What the user should know.
    """

    task: Task
    rows: NDArray[np.intp]
    frame: Frame
    target: Floats
    group: NDArray[np.int64] | None
    split: Split
    enough: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Training:
    """A fitting that is done, and only has to be described."""

    prepared: PreparedTable
    options: FitOptions
    material: Material
    contenders: tuple[Contender, ...]
    final: Algorithm
    """The winner, fitted on all rows."""
    warnings: tuple[str, ...]
    training_seconds: float
    search: tuple[SearchTrial, ...] = ()
    """The settings that were tried."""
