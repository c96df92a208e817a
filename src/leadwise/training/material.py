"""What passes from step to step while a model is fitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import SearchTrial, Task
from leadwise.domain.frame import Floats, Frame
from leadwise.models.algorithm import Algorithm
from leadwise.models.prior_model import PriorModel
from leadwise.training.competitors import Rung
from leadwise.training.drift import Drift
from leadwise.training.options import FitOptions
from leadwise.training.preparation import PreparedTable
from leadwise.training.splits import Split
from leadwise.training.validation import Contender


@dataclass(frozen=True)
class Material:
    """What the algorithms get.

    Args:
        task: What is predicted.
        known: The positions in the table of all rows with an outcome, in time order where known.
        rows: The positions of those of them that `frame` and `target` stand for, in time order where known.
        frame: Their features.
        target: Their outcomes; all NaN where none is known.
        group: A label for each of them: rows of one lead have the same; None: each is a lead of its own.
        split: Which of them (by position in `frame`) are for what.
        rung: How far up the ladder from no data to plenty they reach.
        prior: Another model, to lean on; None: rules.
        drift: What is made of the time that rows have.
    """

    task: Task
    known: NDArray[np.intp]
    rows: NDArray[np.intp]
    frame: Frame
    target: Floats
    group: NDArray[np.int64] | None
    split: Split
    rung: Rung
    prior: PriorModel | None
    drift: Drift

    def test_margins(self, contender: Contender) -> Floats:
        """Calibrated margins of the split's test rows, by a model that was not fitted on them where there is one."""
        if not self.split.held_out:
            return contender.margins
        return contender.scaling.apply(contender.model.predict(self.frame.take(self.split.test)))


@dataclass(frozen=True)
class Training:
    """A fitting that is done, and only has to be described."""

    prepared: PreparedTable
    options: FitOptions
    material: Material
    contenders: tuple[Contender, ...]
    """The one that was chosen first."""
    final: Algorithm
    """The winner, fitted on all rows."""
    warnings: tuple[str, ...]
    training_seconds: float
    search: tuple[SearchTrial, ...] = ()
    """The settings that were tried."""

    @property
    def best(self) -> Contender:
        """The contender that was chosen."""
        return self.contenders[0]

    @property
    def test_target(self) -> Floats:
        """The outcomes of the split's test rows."""
        return self.material.target[self.material.split.test]

    @cached_property
    def test_margins(self) -> Mapping[str, Floats]:
        """By contender's name, its calibrated margins of the test rows: several parts of the card speak of them."""
        return {contender.name: self.material.test_margins(contender) for contender in self.contenders}
