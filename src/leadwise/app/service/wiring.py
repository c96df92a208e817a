"""The application of one web process, with all parts of the service wired in."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from leadwise.app.known_blueprints import known_blueprints
from leadwise.app.owned.owners import model_type_of
from leadwise.app.owned.rules import owners_rules
from leadwise.app.service.callers import KnownCallers
from leadwise.app.service.health import ServiceHealth
from leadwise.app.service.logs import set_up_logs
from leadwise.app.service.models import StoredModels
from leadwise.app.service.native.parts import native_parts
from leadwise.app.service.options import ServeOptions
from leadwise.app.service.sellers import LikelySellers, webhook_of
from leadwise.app.service.trainings import JobTrainings
from leadwise.app.service.users_models import UsersModels
from leadwise.app.settings import Settings
from leadwise.app.tracing import send_traces
from leadwise.blueprints.blueprint import load_blueprint
from leadwise.connectors.webhook import Webhook
from leadwise.domain.clock import now
from leadwise.domain.errors import LeadwiseError
from leadwise.scoring.active_models import ActiveModels
from leadwise.scoring.online import OnlineScorer
from leadwise.scoring.requests import RequestScorer
from leadwise.scoring.rules import RulesScorer
from leadwise.scoring.watch import Watch
from leadwise.store.database import Database, open_database
from leadwise.store.ledger import LedgerWriter
from leadwise.web.api.application import create_api
from leadwise.web.api.asks import Service

NOTE_USES_SECONDS = 30
GARBAGE_OBJECTS = 20_000
"""So many new objects that stay are looked through for garbage; requests make none that needs it."""
WARM = (("default", "converted"),)
"""What is read before the first request: the models that most installations have."""


def create() -> FastAPI:
    """The application of this process, as the environment and `leadwise serve` say."""
    options = ServeOptions.from_environment()
    set_up_logs(options.log_level)
    settings = Settings()
    database = open_database(settings.server_url, settings.data_folder)
    stop_traces = send_traces(database)

    def at_end() -> None:
        gc.unfreeze()  # so that libraries can take leave of all that is theirs
        database.close()
        stop_traces()

    return create_application(database, options, webhook=webhook_of(settings), when_warm=_keep, at_end=at_end)


def create_application(
    database: Database,
    options: ServeOptions,
    *,
    webhook: Webhook | None = None,
    when_warm: Callable[[], None] = lambda: None,
    at_end: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The application that answers from a database; it calls `at_end` when it has stopped.

    Args:
        database: Where everything is.
        options: How it is to run.
        webhook: Where properties that are pushed go; None: nowhere.
        when_warm: Called, beside the event loop, once models are read that the first requests will want.
        at_end: What is left to do then.
    """
    models = ActiveModels(database, Rules())
    callers = KnownCallers(database, open_to_all=options.open)
    ledger = LedgerWriter(database)
    watch = Watch(database, {"activations": models.refresh, "keys": callers.forget})
    predictions, trainings = OnlineScorer(models, ledger), JobTrainings(database)
    service = Service(
        callers=callers,
        predictions=predictions,
        models=StoredModels(database),
        sellers=LikelySellers(database, webhook),
        trainings=trainings,
        users_models=UsersModels(database, models, predictions.score, trainings),
        health=ServiceHealth(database, models, ledger, watch),
        limits=options.limits(),
    )
    native = native_parts(database, models, predictions, service.limits)
    application = create_api(service, native, options.root_path)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch.start()
        working = asyncio.create_task(_note_uses(callers))
        warming = asyncio.create_task(asyncio.to_thread(_warm, models, when_warm))
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            await warming
            await asyncio.to_thread(_close, watch, callers, predictions, ledger, at_end)

    application.router.lifespan_context = lifespan
    return application


class Rules:
    """The rules of each blueprint that is known, by what it predicts."""

    def __init__(self) -> None:
        blueprints = known_blueprints().values()
        self._by_target: dict[str, RequestScorer] = {each.target.name: RulesScorer(each) for each in blueprints}
        self._by_target |= owners_rules()
        self._any = RulesScorer(load_blueprint("crm-leads"))

    def __call__(self, target: str) -> RequestScorer:
        """The rules of a target; those of CRM leads where it has none of its own."""
        return self._by_target.get(model_type_of(target), self._any)


async def _note_uses(callers: KnownCallers) -> None:
    while True:
        await asyncio.sleep(NOTE_USES_SECONDS)
        await asyncio.to_thread(callers.note_uses)


def _warm(models: ActiveModels, when_warm: Callable[[], None]) -> None:
    for organisation, target in WARM:
        try:
            found = models.get(organisation, target)
            found.scorer.predict(
                [{}, {}], now()
            )  # a group reads what a row alone, which may have come by now, does not
        except LeadwiseError as error:
            logging.getLogger(__name__).warning("A model could not be read ahead: %s", error)
    when_warm()


def _keep() -> None:
    """Never look for garbage in what is in memory now: it stays, and requests would wait for a tenth of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)


def _close(
    watch: Watch, callers: KnownCallers, predictions: OnlineScorer, ledger: LedgerWriter, at_end: Callable[[], None]
) -> None:
    watch.stop()
    callers.note_uses()
    predictions.close()
    ledger.close()
    at_end()
