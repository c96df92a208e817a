"""How good the demo's model is, next to the best that any model could be: only a simulation can tell."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from leadwise.blueprints.blueprint import Blueprint
from leadwise.blueprints.simulator import simulate
from leadwise.features.engines import Engine
from leadwise.features.records import history_of
from leadwise.training.fitted_model import FittedModel
from leadwise.training.landmarks import EXTERNAL_ID, OUTCOME, SOURCE, landmark_table
from leadwise.training.metrics import roc_auc

JUDGED_LEADS = 2_000
ANOTHER_YEAR = 1_000_003
"""Added to the seed, so that the leads to judge by are none of those that were learnt from."""


@dataclass(frozen=True)
class Quality:
    """ROC-AUC on leads that the model has never seen, as they arrive, before anything else is known of them.

    Args:
        leads: How many there were.
        auc: The model's; None where all ended alike.
        best_auc: That of the true probabilities on the same leads: more is only possible by chance.
    """

    leads: int
    auc: float | None
    best_auc: float | None

    @property
    def sentence(self) -> str:
        """For people; empty where there was nothing to compare."""
        if self.auc is None or self.best_auc is None:
            return ""
        return (
            f"On {self.leads:,} other simulated leads, judged as they arrive, the model ranks with an AUC of "
            f"{self.auc:.2f}; knowing the simulation's own probabilities would give {self.best_auc:.2f}, "
            "and a coin 0.50."
        )


def judge(model: FittedModel, blueprint: Blueprint, seed: int, as_of: datetime, engine: Engine) -> Quality:
    """The model's quality on another year of the same dealership."""
    unseen = simulate(blueprint, JUDGED_LEADS, seed + ANOTHER_YEAR, as_of)
    on_arrival = (model.target or blueprint.target).model_copy(update={"ages_days": (0,)})
    history = history_of(on_arrival, unseen.leads, unseen.events, unseen.outcomes)
    table = landmark_table(on_arrival, history, engine, now=as_of)
    won = np.array(table.column(OUTCOME).to_pylist(), dtype=np.float64)
    keys = zip(table.column(SOURCE), table.column(EXTERNAL_ID), strict=True)
    truth = np.array([unseen.truth[str(source), str(external_id)] for source, external_id in keys])
    return Quality(len(won), roc_auc(won, model.margins(model.encode(table))), roc_auc(won, truth))
