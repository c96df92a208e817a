"""The demo's model: learnt from what the store holds, as with any dealership."""

from dataclasses import replace
from datetime import datetime

from leadwise.app.engines import engine_in_use
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.history import microseconds
from leadwise.domain.progress import Progress
from leadwise.features.found_kinds import count_kinds, find_kinds, with_kinds
from leadwise.registry.versions import ModelVersions
from leadwise.store.database import Database
from leadwise.store.history import read_history
from leadwise.training.fitting import fit
from leadwise.training.landmarks import OUTCOME, landmark_table
from leadwise.training.options import FitOptions
from leadwise.training.target_rows import options_of, rows_of

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
    table = rows_of(target, landmark_table(target, history, engine_in_use(), now=as_of))
    chosen = FitOptions(algorithms=algorithms, seed=seed, actions=blueprint.actions.model_dump())
    model = fit(table.rename_columns({OUTCOME: target.title}), options_of(target, chosen), progress)
    with database.transaction() as connection:
        versions = ModelVersions(connection, blueprint.target.name, organisation)
        versions.activate(versions.add(replace(model, target=target)), ACTIVATED_BY)
