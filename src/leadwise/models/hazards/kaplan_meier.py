"""Kaplan-Meier: the same curve for every lead."""

import numpy as np

from leadwise.domain.frame import Floats, Frame
from leadwise.models.hazards.hazard_model import HazardModel
from leadwise.models.hazards.person_periods import PersonPeriods


class KaplanMeier(HazardModel):
    """What all leads have in common, for tables that tell nothing else, and as the yardstick of those that do.

    Source: Kaplan and Meier 1958, Nonparametric Estimation from Incomplete Observations.

    >>> from leadwise.models.hazards.spans import Spans
    >>> spans = Spans(np.repeat([2.0, 40.0], [300, 700]), np.repeat([True, False], [300, 700]))
    >>> frame = Frame((), np.zeros((1, 0)))
    >>> model = KaplanMeier(np.array([0.0, 7.0, 30.0]), 30.0).fit(frame, spans, seed=1)
    >>> (1 - np.exp(-model.cumulative(frame))).round(2).tolist()
    [[0.3, 0.3]]
    """

    name = "kaplan_meier"

    def _learn(self, frame: Frame, periods: PersonPeriods, seed: int) -> None:
        """The hazards of all leads are all there is."""

    def log_factors(self, frame: Frame) -> Floats:
        """Zeros."""
        return np.zeros((len(frame), len(self.hazards)))

    def base_factors(self) -> Floats:
        """Zeros."""
        return np.zeros(len(self.hazards))

    def weigh(self, frame: Frame, weights: Floats) -> Floats:
        """Zeros."""
        del weights
        return np.zeros(frame.values.shape)
