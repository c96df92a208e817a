"""A model that is ready to score: what reads the table, what predicts, what calibrates, and its card."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from leadwise.domain.card import ModelCard, Task
from leadwise.domain.column import Column
from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.domain.target import Target
from leadwise.features.encoding import column_features, encode
from leadwise.models.algorithm import Explanation, Predictor
from leadwise.models.margins import sigmoid
from leadwise.training.age_curve import AgeCurve
from leadwise.training.intervals import ValueIntervals
from leadwise.training.scalings import Scaling
from leadwise.training.score_intervals import ScoreIntervals


@dataclass(frozen=True)
class FittedModel:
    """Everything that scoring needs. A model file holds exactly this.

    Args:
        card: What readers may want to know.
        columns: The table columns that give features, in the order that the algorithm was fitted with.
        algorithm: The fitted algorithm.
        scaling: Calibrates its margins; leaves amounts as they are.
        intervals: Ends of value intervals; None for a conversion model.
        score_intervals: How sure probabilities are; None for a value model, and for files that are older than this.
        exact_reasons: Whether contributions are Shapley values even where nobody asks for them.
        proof: For a model that was read from a file: its margins for made-up rows, as the fitting process had them.
        target: What its features were made by, where they were made of stored leads; scoring makes them by the same.
        ages: What is added for leads that are older than those it learnt from; None: nothing.
    """

    card: ModelCard
    columns: tuple[Column, ...]
    algorithm: Predictor
    scaling: Scaling
    intervals: ValueIntervals | None = None
    score_intervals: ScoreIntervals | None = None
    proof: tuple[float, ...] = ()
    exact_reasons: bool = False
    target: Target | None = None
    ages: AgeCurve | None = None

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features that the algorithm was fitted with."""
        return tuple(feature for column in self.columns for feature in column_features(column))

    def encode(self, table: pa.Table) -> Frame:
        """The features of the table's rows; columns that it lacks are not given."""
        return encode(table, self.columns)

    def margins(self, frame: Frame) -> Floats:
        """Calibrated log-odds, or amounts. Shape (rows,)."""
        return self.scaling.apply(self.algorithm.predict(frame) + self._by_age(frame))

    def probabilities(self, frame: Frame) -> Floats:
        """Calibrated probabilities of a conversion model, 0 to 1. Shape (rows,)."""
        assert self.card.task is Task.CONVERSION
        return sigmoid(self.margins(frame))

    def amounts(self, margins: Floats) -> Floats:
        """What margins of a value model say in the outcome's unit: none below 0, where no amount was. Shape (rows,)."""
        assert self.intervals is not None
        return self.intervals.possible(margins)

    def explain(self, frame: Frame, *, exact: bool = False) -> Explanation:
        """Contributions by column, shape (rows, columns), in the order of `columns`; base + sum is the margin.

        Args:
            frame: The rows' features.
            exact: Whether they must be Shapley values: of the algorithm's margins, whose contributions in a row are all
                stretched alike where the scaling is no line.
        """
        exact = exact or self.exact_reasons
        return self._by_column(self.algorithm.explain_exactly(frame) if exact else self.algorithm.explain(frame), frame)

    def explain_row(self, frame: Frame, *, exact: bool = False) -> Explanation:
        """What `explain` gives for a frame of one row, within 1e-9 but quicker."""
        if exact or self.exact_reasons:
            return self.explain(frame, exact=True)
        return self._by_column(self.algorithm.explain_row(frame), frame)

    def _by_age(self, frame: Frame) -> Floats:
        """What is added to the margins for the ages of the leads."""
        if self.ages is None:
            return np.zeros(len(frame))
        position = next(at for at, feature in enumerate(frame.features) if feature.source == self.ages.column)
        return self.ages.at(frame.values[:, position])

    def _by_column(self, explanation: Explanation, frame: Frame) -> Explanation:
        """Features' contributions to margins as columns' contributions to calibrated margins."""
        by_column = np.asarray(explanation.contributions @ self._owned)
        if self.ages is not None:
            position = [column.name for column in self.columns].index(self.ages.column)
            by_column[:, position] += self._by_age(frame)
        return self.scaling.explain(Explanation(by_column, explanation.base))

    @cached_property
    def _owned(self) -> Floats:
        """Shape (features, columns): 1 where the feature was made from the column, else 0."""
        position = {column.name: index for index, column in enumerate(self.columns)}
        owned = np.zeros((len(self.features), len(self.columns)))
        for index, feature in enumerate(self.features):
            owned[index, position[feature.source]] = 1.0
        return owned
