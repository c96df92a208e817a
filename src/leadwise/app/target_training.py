"""A target's model, learnt from its newest snapshot of features, stored and put to work."""

import getpass
from dataclasses import replace
from time import perf_counter

import pyarrow as pa

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
from leadwise.training.period_splits import in_order_of_periods


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
    started = perf_counter()
    table = rows_to_learn_from(session)
    with make_progress() as progress:
        model = fit(table, for_target(session, options), progress, spent_seconds=perf_counter() - started)
    return put_to_work(session, model)


def rows_to_learn_from(session: TargetSession) -> pa.Table:
    """The newest snapshot's training rows, in order of arrival, or of periods where the target has a calendar.

    Raises:
        NothingToLearnFromError: if the horizon of no row has passed.
    """
    target = session.blueprint.target
    table = session.snapshot().training.drop_columns([SOURCE, ARRIVED_AT, DIGEST])
    if not table.num_rows:
        raise NothingToLearnFromError(target.title, target.horizon_days)
    if target.calendar is not None:
        table = in_order_of_periods(table, AS_OF)
    return table.rename_columns({OUTCOME: target.title})


def for_target(session: TargetSession, options: FitOptions) -> FitOptions:
    """The options, with what the columns of `rows_to_learn_from` are for."""
    target = session.blueprint.target
    return replace(
        options,
        outcome=target.title,
        value=target.task is Task.VALUE,
        id_column=EXTERNAL_ID,
        ordered=True,
        group_column=GROUP,
        as_of_column=AS_OF,
        horizon_days=target.horizon_days,
        by_period=target.calendar is not None,
        actions=session.blueprint.actions.model_dump(),
    )


def put_to_work(session: TargetSession, model: FittedModel) -> FittedModel:
    """Store the model with the target that its features were made by, and let it score from now on."""
    model = replace(model, target=session.target)
    with session.database.transaction() as connection:
        versions = ModelVersions(connection, session.blueprint.target.name, session.organisation)
        versions.activate(versions.add(model), getpass.getuser())
    return model
