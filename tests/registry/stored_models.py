"""Small models of one target, fitted in a moment."""

from functools import cache

import numpy as np
import pyarrow as pa

from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

ROWS = 240


def leads(seed: int = 0, rows: int = ROWS) -> pa.Table:
    """Past leads, oldest first: who visits often buys."""
    random = np.random.default_rng(seed)
    visits = random.poisson(4, rows)
    won = random.random(rows) < 1 / (1 + np.exp(2 - 0.5 * visits))
    return pa.table({"Visits": visits, "Luck": random.random(rows), "Won": np.where(won, "yes", "no")})


@cache
def fitted(seed: int = 0, algorithm: str = "logistic_regression", rows: int = ROWS) -> FittedModel:
    """A model of them."""
    options = FitOptions(outcome="Won", ordered=True, algorithms=(algorithm,), budget_seconds=3)
    return fit(leads(seed, rows), options)
