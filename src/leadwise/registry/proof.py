"""A proof that a model says the same everywhere: its margins for made-up rows, computed where it was fitted.

The rows are made from the columns alone, so no lead's data travel in a model file.
"""

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.training.fitted_model import FittedModel

ROWS = 24
NUMBERS = (0.0, 1.0, -1.0, 3.0, 10.0, 42.0, 250.0, 1532.0, 1e5, np.nan)


def made_up_rows(features: tuple[Feature, ...]) -> Frame:
    """Rows that visit ordinary and odd values of each feature; the same for the same features."""
    random = np.random.default_rng(0)
    values = np.empty((ROWS, len(features)))
    for index, feature in enumerate(features):
        choices = [*range(len(feature.levels) + 1), np.nan] if feature.is_category else NUMBERS
        values[:, index] = random.choice(np.array(choices, dtype=np.float64), ROWS)
    return Frame(features, values)


def prove(model: FittedModel) -> Floats:
    """The model's margins for the made-up rows of its own features."""
    return model.margins(made_up_rows(model.features))
