"""The part of the service that has users' models, as the API asks for it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from leadwise.app.jobs.requests import UNEXPECTED, OwnedTrainRequest
from leadwise.app.owned.config import to_config
from leadwise.app.owned.insights import describe_model
from leadwise.app.owned.listing import list_models
from leadwise.app.owned.model_types import get_model_type
from leadwise.app.owned.order import AlreadyTrainingError, TrainingOrder
from leadwise.app.owned.owners import target_of
from leadwise.app.owned.preprocessing import preprocess_rows
from leadwise.app.owned.reading import read_rows, unknown_names
from leadwise.app.service.training_process import refusal, train_in_process
from leadwise.app.service.trainings import JobTrainings, TrainingFailedError
from leadwise.app.service.users_organisations import OwnersOrganisations
from leadwise.domain.errors import Invalid
from leadwise.domain.job import JobKind
from leadwise.domain.prediction import Prediction
from leadwise.scoring.active_models import ActiveModels
from leadwise.scoring.online import ROWS_IN_LOOP
from leadwise.scoring.watch import EVERY_SECONDS
from leadwise.store.database import Database
from leadwise.store.job_queue import INTERRUPTED
from leadwise.training.options import SearchStyle
from leadwise.web.api import metrics
from leadwise.web.api.prediction_asks import Document, Owner, Row, Said, TrainingRequest

Score = Callable[[str, str, Sequence[Row]], Awaitable[Sequence[Prediction]]]
"""Organisation, target, rows: what is said of them, written down."""
NO_MODEL = (
    "No {model_type} model of {user_id!r} has been trained yet, so rules of common sense answered; "
    "train one with POST /train."
)
STATUS = {AlreadyTrainingError.code: 409, UNEXPECTED.code: 500, INTERRUPTED: 503}
"""What answers to a failed job are called in HTTP, where it is not the request that cannot be used."""
BROKEN_MODEL = "Rules of common sense answered, because no model can: {trouble}"


class UsersModels:
    """Models that belong to users.

    Args:
        database: Where they are.
        models: Those that answer now.
        score: Scores rows by them.
        trainings: Learns from stored leads.
    """

    def __init__(self, database: Database, models: ActiveModels, score: Score, trainings: JobTrainings) -> None:
        self._database, self._models, self._score, self._trainings = database, models, score, trainings
        self._organisations = OwnersOrganisations(database)
        self._turn = asyncio.Lock()
        self._at_work: set[tuple[str, str]] = set()

    async def predict(self, owner: Owner, model_type: str, rows: Sequence[Row]) -> Said:
        """What the owner's model, or rules, say of rows."""
        kind = get_model_type(model_type)
        target = target_of(model_type, owner.user_id)
        organisation = await self._organisations.get(owner)
        large = len(rows) > ROWS_IN_LOOP
        read = await asyncio.to_thread(read_rows, kind, rows) if large else read_rows(kind, rows)
        said = await self._score(organisation, target, read)
        ignored = [unknown_names(kind, row, each.unknown) for row, each in zip(rows, said, strict=True)]
        active = self._models.find(organisation, target)
        trouble = active.trouble if active is not None else ""
        reason = ""
        if said and said[0].by_rules:
            reason = BROKEN_MODEL.format(trouble=trouble) if trouble else _no_model(model_type, owner)
        return Said(said, ignored, reason, trouble)

    async def train(self, owner: Owner, request: TrainingRequest) -> Document:
        """Learn a model; it answers everywhere when this returns.

        Stored leads are learnt from in a job. Rows that come along are not: they may say who somebody is, and nobody
        would erase that from a job's record. They are learnt from in a process of their own, one at a time.
        """
        algorithm = get_model_type(request.model_type).check_algorithm(request.algorithm)
        organisation = await self._organisations.get(owner)
        at_work = organisation, target_of(request.model_type, owner.user_id)
        if at_work in self._at_work:
            raise AlreadyTrainingError(request.model_type, owner.user_id)
        order = _order(organisation, owner, request, algorithm)
        self._at_work.add(at_work)
        try:
            told = await (self._learn_stored(order, at_work[1]) if order.rows is None else self._learn_given(order))
        except BaseException:
            metrics.TRAININGS.labels("failed").inc()
            raise
        finally:
            self._at_work.discard(at_work)
        metrics.TRAININGS.labels("success").inc()
        await asyncio.to_thread(self._read_again, *at_work)
        await asyncio.sleep(2 * EVERY_SECONDS)  # until the other processes follow
        return told

    async def _learn_given(self, order: TrainingOrder) -> Document:
        async with self._turn:
            return await train_in_process(self._database.url.render_as_string(hide_password=False), order)

    async def _learn_stored(self, order: TrainingOrder, target: str) -> Document:
        request = {name: getattr(order, name) for name in OwnedTrainRequest.model_fields}
        try:
            return await self._trainings.train(
                order.organisation, target, request, order.ordered_by, JobKind.TRAIN_OWNED
            )
        except TrainingFailedError as error:
            code = error.failure.code
            raise refusal(STATUS.get(code, Invalid.status), code, error.failure.detail) from None

    def _read_again(self, organisation: str, target: str) -> None:
        """Have the model that was trained in memory, so that the first who asks need not wait for it."""
        self._models.refresh()
        self._models.get(organisation, target)

    async def list_models(self, owner: Owner) -> Sequence[Document]:
        """All models of the owner."""
        organisation = await self._organisations.get(owner)
        return await asyncio.to_thread(list_models, self._database, organisation, owner.user_id)

    async def describe(self, owner: Owner, model_type: str) -> Document:
        """How the model that answers does."""
        organisation = await self._organisations.get(owner)
        return await asyncio.to_thread(describe_model, self._database, organisation, model_type, owner.user_id)

    def preprocess(
        self, model_type: str, rows: Sequence[Row], config: Mapping[str, Any], outcome: str | None
    ) -> Document:
        """The rows after the steps that are asked for."""
        return preprocess_rows(get_model_type(model_type), rows, to_config(config), outcome)


def _order(organisation: str, owner: Owner, request: TrainingRequest, algorithm: str) -> TrainingOrder:
    searched = request.search != "none"
    return TrainingOrder(
        organisation=organisation,
        user_id=owner.user_id,
        model_type=request.model_type,
        algorithm=algorithm,
        model_name=request.model_name,
        ordered_by=owner.caller.name,
        features=request.features,
        preprocessing=to_config(request.preprocessing),
        search=SearchStyle(request.search) if searched else None,
        search_trials=request.search_trials if searched else None,
        budget_seconds=request.budget_seconds,
        rows=request.rows,
        outcome=request.outcome,
        time_column=request.time_column,
    )


def _no_model(model_type: str, owner: Owner) -> str:
    return NO_MODEL.format(model_type=model_type, user_id=owner.user_id[:60])
