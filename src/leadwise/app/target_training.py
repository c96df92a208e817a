"""A target's model, learnt from its newest snapshot of features, stored and put to work."""

import getpass
from dataclasses import replace
from time import perf_counter

from leadwise.app.progress import make_progress
from leadwise.app.target_session import TargetSession
from leadwise.domain.card import Task
from leadwise.domain.errors import Invalid
from leadwise.registry.versions import ModelVersions
from leadwise.training.feature_store.refreshing import DIGEST
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.landmarks import ARRIVED_AT, AS_OF, EXTERNAL_ID, GROUP, OUTCOME, SOURCE
from leadwise.training.options import FitOptions


class NothingToLearnFromError(Invalid):
    """No past lead's horizon has passed."""

    code = "nothing_to_learn_from"

    def __init__(self, title: str, horizon_days: int) -> None:
        self.title, self.horizon_days = title, horizon_days
        super().__init__(
            f"{title!r} is learnt from leads that were seen {horizon_days} days ago or before, but there are none; "
            "import older leads with their outcomes, then run `leadwise features refresh`."
        )


def fit_target(session: TargetSession, options: FitOptions) -> FittedModel:
    """The best model of the newest snapshot's training rows; it is stored, and scores from now on.

    Args:
        session: The target at work.
        options: What may be tried; what the columns are for is the target's.

    Raises:
        NothingToLearnFromError: if the horizon of no row has passed.
    """
    started, snapshot = perf_counter(), session.snapshot()
    target, table = session.target, snapshot.training.drop_columns([SOURCE, ARRIVED_AT, DIGEST])
    if not table.num_rows:
        raise NothingToLearnFromError(target.title, target.horizon_days)
    options = replace(
        options,
        outcome=target.title,
        value=target.task is Task.VALUE,
        id_column=EXTERNAL_ID,
        ordered=True,  # the rows are in order of arrival
        group_column=GROUP,
        as_of_column=AS_OF,
        horizon_days=target.horizon_days,
        actions=session.blueprint.actions.model_dump(),
    )
    with make_progress() as progress:
        spent = perf_counter() - started
        fitted = fit(table.rename_columns({OUTCOME: target.title}), options, progress, spent_seconds=spent)
    model = replace(fitted, target=target)
    with session.database.transaction() as connection:
        versions = ModelVersions(connection, target.name, session.organisation)
        versions.activate(versions.add(model), getpass.getuser())
    return model
