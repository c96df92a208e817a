"""The demo's model: learnt from what the store holds, as with any dealership."""

from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from leadwise.app.engines import engine_in_use
from leadwise.app.target_training import segment_columns
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.history import History, microseconds
from leadwise.domain.progress import Progress
from leadwise.domain.target import Target
from leadwise.features.found_kinds import count_kinds, find_kinds, with_kinds
from leadwise.registry.versions import ModelVersions
from leadwise.store.database import Database
from leadwise.store.history import read_history
from leadwise.training.fitting import fit
from leadwise.training.landmarks import AS_OF, GROUP, NOT_FEATURES, OUTCOME, landmark_table
from leadwise.training.options import FitOptions

ACTIVATED_BY = "leadwise demo"


def train(
    database: Database,
    blueprint: Blueprint,
    organisation: str,
    algorithms: tuple[str, ...],
    seed: int,
    as_of: datetime,
    progress: Progress,
) -> None:
    """Fit the blueprint's target on the organisation's past leads; store the model and activate it.

    Frequent kinds of events that the blueprint does not name are learnt from too, as `fit --target` does.
    """
    with database.transaction() as connection:
        history = read_history(connection, organisation, blueprint.target)
    target = with_kinds(blueprint.target, find_kinds(blueprint.target, count_kinds(history, microseconds(as_of))))
    table = _past_leads(target, history, as_of)
    options = FitOptions(
        outcome=blueprint.target.title,
        ordered=True,  # the table is in order of arrival
        group_column=GROUP,
        as_of_column=AS_OF,
        horizon_days=blueprint.target.horizon_days,
        segments=segment_columns(target),
        algorithms=algorithms,
        seed=seed,
        actions=blueprint.actions.model_dump(),
    )
    model = replace(fit(table, options, progress), target=target)
    with database.transaction() as connection:
        versions = ModelVersions(connection, blueprint.target.name, organisation)
        versions.activate(versions.add(model), ACTIVATED_BY)


def _past_leads(target: Target, history: History, as_of: datetime) -> pa.Table:
    """The landmark table of all that is stored: features, what keeps a lead together, its instants, and the outcome."""
    table = landmark_table(target, history, engine_in_use(), now=as_of)
    table = table.drop_columns([name for name in NOT_FEATURES if name not in {GROUP, AS_OF}])
    return table.rename_columns({OUTCOME: target.title})
