"""The demo: a simulated dealership, from its first lead to the ranked list of its open ones.

It lives in an organisation of its own in the same database, so that it is one server and one schema to start, and yet
nothing of it ever mixes with real leads: every row belongs to one organisation, and the demo deletes only its own.

A dealership that was simulated less than a day ago is shown again: its leads and its model stay, and only the scores
are computed as of now and appended. An older one would have no new leads to call; it is deleted and begun anew, since
leads simulated at another instant are other people, who must not be mixed with those.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy import Connection

from leadwise.app.demo_quality import Quality, judge
from leadwise.app.demo_training import train
from leadwise.app.engines import engine_in_use
from leadwise.blueprints.blueprint import Blueprint, load_blueprint
from leadwise.blueprints.simulator import simulate
from leadwise.domain.progress import Progress
from leadwise.registry.versions import ModelVersions
from leadwise.scoring.open_leads import score_open_leads
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.outcomes import OutcomeRepository

ORGANISATION = "demo"
BLUEPRINT = "marketplace-auto"
SHOWN_AGAIN_FOR = timedelta(days=1)
ALGORITHMS = ("heuristic", "logistic_regression", "random_forest")
"""Those that are quick: a demo should be over before the coffee is."""

ProgressMaker = Callable[[], AbstractContextManager[Progress]]


@dataclass(frozen=True)
class DemoOptions:
    """What a user may choose.

    Args:
        leads: How many leads arrive over the simulated year.
        seed: The same seed gives the same dealership at the same instant.
        anew: Whether to begin anew even where the last demo could be shown again.
        algorithms: Those that compete.
    """

    leads: int
    seed: int = 0
    anew: bool = False
    algorithms: tuple[str, ...] = ALGORITHMS


@dataclass(frozen=True)
class Demo:
    """A demo that is ready to be looked at.

    Args:
        blueprint: The dealership's words.
        leads: How many leads it has on record.
        simulated_at: The instant up to which it was simulated.
        shown_again: Whether it was there already.
        quality: How well its model does on leads that it has never seen.
    """

    blueprint: Blueprint
    leads: int
    simulated_at: datetime
    shown_again: bool
    quality: Quality


def prepare_demo(database: Database, options: DemoOptions, as_of: datetime, make_progress: ProgressMaker) -> Demo:
    """A dealership with a trained model and its open leads scored as of now; all of it in the store."""
    blueprint = load_blueprint(BLUEPRINT)
    with database.transaction() as connection:
        simulated_at = None if options.anew else _find_dealership(connection, blueprint, options, as_of)
    shown_again = simulated_at is not None
    if simulated_at is None:
        simulated_at = as_of
        with make_progress() as progress:
            _begin_dealership(database, blueprint, options, as_of, progress)
        with make_progress() as progress:
            train(database, blueprint, ORGANISATION, options.algorithms, options.seed, as_of, progress)
    with make_progress() as progress:
        quality = _score(database, blueprint, options, as_of, progress)
    return Demo(blueprint, options.leads, simulated_at, shown_again, quality)


def _find_dealership(
    connection: Connection, blueprint: Blueprint, options: DemoOptions, as_of: datetime
) -> datetime | None:
    """When the stored dealership was simulated; None if there is none that is whole, fresh, and the one asked for."""
    simulated_at = OrganisationRepository(connection).find(ORGANISATION)
    # The model is stored last, so a demo with an active model was not interrupted.
    card = ModelVersions(connection, blueprint.target.name, ORGANISATION).find_active_card()
    if simulated_at is None or card is None or not timedelta(0) <= as_of - simulated_at < SHOWN_AGAIN_FOR:
        return None
    leads = len(LeadRepository(connection, ORGANISATION).list(limit=options.leads + 1))
    asked = (options.leads, options.seed, version("leadwise"))
    return simulated_at if (leads, card.seed, card.leadwise_version) == asked else None


def _begin_dealership(
    database: Database, blueprint: Blueprint, options: DemoOptions, as_of: datetime, progress: Progress
) -> None:
    """Simulate, and store all of it or nothing."""
    progress.start(total_steps=4)
    progress.step(f"simulating a year with {options.leads:,} leads")
    simulation = simulate(blueprint, options.leads, options.seed, as_of)
    with database.transaction() as connection:
        OrganisationRepository(connection).begin_anew(ORGANISATION, as_of)
        progress.step("storing leads")
        LeadRepository(connection, ORGANISATION).add_many(simulation.leads)
        progress.step(f"storing {len(simulation.events):,} events")
        EventRepository(connection, ORGANISATION).add_many(simulation.events)
        progress.step("storing outcomes")
        OutcomeRepository(connection, ORGANISATION).add_many(simulation.outcomes)
    progress.finish()


def _score(
    database: Database, blueprint: Blueprint, options: DemoOptions, as_of: datetime, progress: Progress
) -> Quality:
    engine = engine_in_use()
    progress.start(total_steps=2)
    with database.transaction() as connection:
        progress.step("scoring the open leads")
        score_open_leads(connection, blueprint.target, as_of, engine, ORGANISATION)
        model = ModelVersions(connection, blueprint.target.name, ORGANISATION).get_active()
    progress.step("judging the model on leads that it has never seen")
    quality = judge(model, blueprint, options.seed, as_of, engine)
    progress.finish()
    return quality
