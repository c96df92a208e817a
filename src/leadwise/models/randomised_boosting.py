"""Randomised boosting: gradient boosting whose trees split where chance says."""

from typing import ClassVar

from leadwise.models.algorithm import TREND
from leadwise.models.gradient_boosting import BAGS, BY_ROWS, USUAL, GradientBoosting


class RandomisedBoosting(GradientBoosting):
    """Gradient boosting in which each split takes the best of thresholds drawn at random, one for each feature.

    Such trees are weaker and more different from each other: alone about as good as gradient boosting, better where
    later leads are unlike earlier ones, and a gain to an ensemble.

    Source: Geurts, Ernst, Wehenkel 2006, Extremely randomized trees, for the splits.

    >>> import numpy as np
    >>> from leadwise.domain.card import Task
    >>> from leadwise.domain.frame import Feature, Frame
    >>> visits = np.arange(200.0).reshape(-1, 1)
    >>> frame = Frame((Feature("visits", "visits"),), visits)
    >>> model = RandomisedBoosting(Task.CONVERSION).fit(frame, (visits[:, 0] > 99).astype(float), seed=1)
    >>> bool(model.predict(frame)[199] > 1), bool(model.predict(frame)[0] < -1)
    (True, True)
    """

    name = "randomised_boosting"

    SETTINGS: ClassVar = {
        "learning_rate": (0.1, 0.05, 0.2),
        "leaves": (BY_ROWS, 4, 8, 16, 32),
        "columns": (0.5, 0.8),
        "bags": (BAGS,),
        **TREND,
        "loss": (USUAL,),
    }
    extra_trees = True
