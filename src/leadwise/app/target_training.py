"""A target's model, learnt from its newest snapshot of features, stored and put to work."""

import getpass
from dataclasses import replace
from time import perf_counter

import pyarrow as pa

from leadwise.app.target_session import TargetSession
from leadwise.domain.card import Metrics, ModelCard
from leadwise.domain.errors import Invalid
from leadwise.domain.history import microseconds
from leadwise.registry.comparison import measure, unseen_by
from leadwise.registry.versions import ModelVersions
from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.history import read_ends
from leadwise.training.feature_store.refreshing import DIGEST, fingerprint
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.landmarks import OUTCOME
from leadwise.training.old_leads import follow_old_leads, watch
from leadwise.training.options import FitOptions
from leadwise.training.target_rows import options_of, rows_of


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

    Raises as `learn_target` does.
    """
    model = learn_target(session, options)
    store_model(session, model, getpass.getuser(), activate=True)
    return model


def learn_target(session: TargetSession, options: FitOptions) -> FittedModel:
    """The best model of the newest snapshot's training rows, with the target that its features were made by.

    Args:
        session: The target at work.
        options: What may be tried; what the columns are for is the target's.

    Raises:
        NothingToLearnFromError: if the horizon of no row has passed.
    """
    started = perf_counter()
    table = rows_to_learn_from(session)
    with session.progress() as progress:
        model = fit(table, for_target(session, options), progress, spent_seconds=perf_counter() - started)
    return of_target(session, model)


def of_target(session: TargetSession, model: FittedModel) -> FittedModel:
    """A model of the newest snapshot's rows, with the target they were made by, and with the level of older leads."""
    snapshot, target = session.shelf.get(), session.target
    with session.database.transaction() as connection:
        ends = read_ends(connection, session.organisation, target)
    watched = watch(ends.leads, ends.outcomes, microseconds(snapshot.as_of))
    model = follow_old_leads(model, target, snapshot.training, snapshot.features, watched)
    return replace(model, target=target)


def past_leads(session: TargetSession) -> pa.Table:
    """The newest snapshot's training rows, in order of arrival, or of periods where the target has a calendar."""
    return rows_of(session.blueprint.target, session.snapshot().training.drop_columns([DIGEST]))


def rows_to_learn_from(session: TargetSession) -> pa.Table:
    """The same, with the outcome under the target's title.

    Raises:
        NothingToLearnFromError: if the horizon of no row has passed.
    """
    target, table = session.blueprint.target, past_leads(session)
    if not table.num_rows:
        raise NothingToLearnFromError(target.title, target.horizon_days)
    return table.rename_columns({OUTCOME: target.title})


def for_target(session: TargetSession, options: FitOptions) -> FitOptions:
    """The options, with what the target and its blueprint say."""
    blueprint = session.blueprint
    return replace(options_of(blueprint.target, options), actions=blueprint.actions.model_dump())


def store_model(session: TargetSession, model: FittedModel, done_by: str, *, activate: bool) -> str:
    """Store a model that was learnt, and get its version.

    Args:
        session: The target at work, at the snapshot that it was learnt from.
        model: What was learnt.
        done_by: Who asked for it.
        activate: Whether it scores from now on.
    """
    target, version = session.blueprint.target.name, model.card.model_version
    with session.database.transaction(session.organisation) as connection:
        versions = ModelVersions(connection, target, session.organisation)
        versions.add(model)
        details = {"version": version, "rows": model.card.data.rows, "activated": activate}
        AuditRepository(connection, session.organisation).add(AuditAction.TRAIN, target, done_by, details)
        active = versions.find_active_card()
        if activate and (active is None or active.model_version != version):
            versions.activate(version, done_by)
    return version


def measure_on_test_leads(session: TargetSession, model: FittedModel, tested: ModelCard) -> Metrics | None:
    """A model's metrics on the leads that another one was tested on; None if it may have learnt from some of them.

    None also where features are made by other definitions now than when the model was fitted.

    Args:
        session: The target at work, at the snapshot that the other one was learnt from.
        model: Measured.
        tested: The other one's card.
    """
    rows, target = tested.data.test_rows, session.blueprint.target
    if not rows or not tested.data.time_ordered or target.calendar is not None:  # then they are not the newest rows
        return None
    if is_of_other_definitions(session, model):
        return None
    table = past_leads(session)
    newest = table.slice(max(table.num_rows - rows, 0))
    unseen = unseen_by((model.card,), newest, target.horizon_days)
    return measure(model, newest) if unseen.num_rows == newest.num_rows else None


def is_of_other_definitions(session: TargetSession, model: FittedModel) -> bool:
    """Whether the model was fitted on features by other definitions than those of the newest snapshot."""
    return model.target is not None and fingerprint(model.target) != fingerprint(session.target)
