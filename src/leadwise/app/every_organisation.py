"""A target's models of all organisations, learnt one after another in this process, or side by side on Spark."""

import getpass
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
from pydantic import BaseModel

from leadwise.app.output import remark
from leadwise.app.progress import make_progress, working
from leadwise.app.target_session import NoLeadsStoredError, TargetSession
from leadwise.app.target_training import for_target, of_target, rows_to_learn_from, store_model
from leadwise.domain.card import ValueMetrics
from leadwise.domain.errors import Conflict, LeadwiseError
from leadwise.features.engines.errors import EngineError
from leadwise.features.engines.spark import SparkEngine
from leadwise.registry.on_spark import fit_on_spark
from leadwise.store.organisations import OrganisationRepository
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions


class OrganisationsRefusedError(Conflict):
    """Some organisations got no new model."""

    code = "organisations_refused"

    def __init__(self, refused: list[str], total: int) -> None:
        self.refused, self.total = refused, total
        super().__init__(
            f"Each of {total:,} organisations should have got a new model, but {len(refused):,} did not, and what "
            f"scored for them before still does: {', '.join(map(repr, refused))}. Mend what is said of each above, and "
            "fit it alone with --organisation."
        )


class OrganisationFit(BaseModel):
    """What became of one organisation's fit."""

    organisation: str
    version: str | None = None
    """Of its new model, which is stored and scores from now on; None: there is none."""
    refused: str = ""
    """The sentence that says why there is none."""
    algorithm: str = ""
    rows: int = 0
    """How many rows it was learnt from."""
    metric: str = ""
    """What `test` is: log loss, or of amounts the mean absolute error."""
    test: float | None = None
    """On rows that were not fitted on."""


class OrganisationFits(BaseModel):
    """All of them, in the order of their names."""

    organisations: tuple[OrganisationFit, ...]


def check_all_fitted(fits: Sequence[OrganisationFit]) -> None:
    """See that each organisation has a new model.

    Raises:
        OrganisationsRefusedError: if some have none.
    """
    refused = [each.organisation for each in fits if each.refused]
    if refused:
        raise OrganisationsRefusedError(refused, len(fits))


def fit_every_organisation(session: TargetSession, options: FitOptions) -> Iterator[OrganisationFit]:
    """A model of each organisation that has leads of the target's entity, in the order of their names.

    What goes wrong with one organisation keeps no other from its model.

    Args:
        session: The target at work; its engine says where models are fitted.
        options: What may be tried; the budget is each model's own.

    Raises:
        NoLeadsStoredError: if no organisation has any.
        EngineError, SparkMissingError, SparkUnreachableError: if Spark cannot go on.
    """
    entity = session.blueprint.target.entity
    with session.database.transaction() as connection:
        names = OrganisationRepository(connection).list_with(entity)
    if not names:
        raise NoLeadsStoredError(entity, "every organisation")
    sessions = [replace(session, organisation=name) for name in names]
    if isinstance(session.engine, SparkEngine):
        yield from _side_by_side(session.engine, sessions, options)
    else:
        yield from (_fit_alone(each, options) for each in sessions)


def _fit_alone(session: TargetSession, options: FitOptions) -> OrganisationFit:
    remark(f"Organisation {session.organisation}:")
    table = _find_rows(session)
    if isinstance(table, str):
        return OrganisationFit(organisation=session.organisation, refused=table)
    try:
        with make_progress() as progress:
            model = fit(table, for_target(session, options), progress)
    except LeadwiseError as error:
        return OrganisationFit(organisation=session.organisation, refused=str(error))
    return _stored(session, model)


def _side_by_side(engine: SparkEngine, sessions: list[TargetSession], options: FitOptions) -> Iterator[OrganisationFit]:
    found = [_find_rows(session) for session in sessions]
    learnt_from = [table for table in found if isinstance(table, pa.Table)]
    with working(f"fitting {len(learnt_from):,} models on Spark"):
        models = iter(list(fit_on_spark(engine, learnt_from, for_target(sessions[0], options))))
    for session, table in zip(sessions, found, strict=True):
        yield _stored(session, table if isinstance(table, str) else next(models))


def _find_rows(session: TargetSession) -> pa.Table | str:
    """What there is to learn from, or why there is nothing."""
    try:
        return rows_to_learn_from(session)
    except EngineError:  # of no organisation: nobody else would fare better
        raise
    except LeadwiseError as error:
        return str(error)


def _stored(session: TargetSession, model: FittedModel | str) -> OrganisationFit:
    if isinstance(model, str):
        return OrganisationFit(organisation=session.organisation, refused=model)
    model = of_target(session, model)
    store_model(session, model, getpass.getuser(), activate=True)
    card = model.card
    is_value = isinstance(card.test, ValueMetrics)
    return OrganisationFit(
        organisation=session.organisation,
        version=card.model_version,
        algorithm=card.algorithm,
        rows=card.data.rows,
        metric="mean absolute error" if is_value else "log loss",
        test=card.test.mae if isinstance(card.test, ValueMetrics) else card.test.log_loss,
    )
