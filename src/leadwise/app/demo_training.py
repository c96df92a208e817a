"""The demo's model: learnt from what the store holds, as with any dealership."""

from dataclasses import replace
from datetime import datetime

import pyarrow as pa

from leadwise.app.engines import engine_in_use
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.progress import Progress
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
    """Fit the blueprint's target on the organisation's past leads; store the model and activate it."""
    table = _past_leads(database, blueprint, organisation, as_of)
    options = FitOptions(
        outcome=blueprint.target.title,
        ordered=True,  # the table is in order of arrival
        group_column=GROUP,
        as_of_column=AS_OF,
        horizon_days=blueprint.target.horizon_days,
        algorithms=algorithms,
        seed=seed,
        actions=blueprint.actions.model_dump(),
    )
    model = replace(fit(table, options, progress), target=blueprint.target)
    with database.transaction() as connection:
        versions = ModelVersions(connection, blueprint.target.name, organisation)
        versions.activate(versions.add(model), ACTIVATED_BY)


def _past_leads(database: Database, blueprint: Blueprint, organisation: str, as_of: datetime) -> pa.Table:
    """The landmark table of all that is stored: features, what keeps a lead together, its instants, and the outcome."""
    with database.transaction() as connection:
        history = read_history(connection, organisation, blueprint.target)
    table = landmark_table(blueprint.target, history, engine_in_use(), now=as_of)
    table = table.drop_columns([name for name in NOT_FEATURES if name not in {GROUP, AS_OF}])
    return table.rename_columns({OUTCOME: blueprint.target.title})
