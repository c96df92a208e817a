"""A target at work: its blueprint, the database with its history, and the feature store with its snapshots."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from leadwise.app.engines import engine_in_use
from leadwise.app.known_blueprints import find_blueprint
from leadwise.app.output import remark
from leadwise.app.progress import make_progress
from leadwise.app.settings import Settings
from leadwise.blueprints.blueprint import Blueprint
from leadwise.domain.clock import now
from leadwise.domain.errors import Missing
from leadwise.domain.history import History
from leadwise.domain.progress import Progress
from leadwise.domain.target import Target
from leadwise.features.engines import Engine
from leadwise.features.found_kinds import with_kinds
from leadwise.store.database import Database, open_database
from leadwise.store.history import read_history
from leadwise.store.organisations import OrganisationRepository
from leadwise.store.tables import DEFAULT_ORGANISATION
from leadwise.training.feature_store.folders import Folder, open_folder
from leadwise.training.feature_store.quality import Quality
from leadwise.training.feature_store.refreshing import fingerprint, refresh
from leadwise.training.feature_store.snapshot import Shelf, Snapshot, shelf_name


class NoLeadsStoredError(Missing):
    """The store has none of the leads that a target is about."""

    code = "no_leads_stored"

    def __init__(self, entity: str, organisation: str) -> None:
        self.entity, self.organisation = entity, organisation
        mapping = "" if entity == "lead" else f', with a mapping (--map) that says entity = "{entity}" under [leads]'
        super().__init__(
            f"The target is about the entity {entity!r}, but none is stored for the organisation {organisation!r}; "
            f"store some with `leadwise import leads FILE`{mapping}."
        )


@dataclass(frozen=True)
class TargetOptions:
    """What a user may choose: a blueprint's name or file, whose leads, where snapshots are, what computes."""

    target: str
    organisation: str = DEFAULT_ORGANISATION
    store: str | None = None
    engine: str | None = None


@dataclass(frozen=True)
class TargetSession:
    """Commands use `open_target`.

    Args:
        blueprint: The target's.
        organisation: Whose leads.
        database: Their history.
        store: The snapshots of all targets.
        engine: What computes features.
        progress: Hears of a piece of work in steps.
        say: Says something beside the result.
        finish: Puts a result on record in the transaction that brings it about, so that both are there or neither.
    """

    blueprint: Blueprint
    organisation: str
    database: Database
    store: Folder
    engine: Engine
    progress: Callable[[], AbstractContextManager[Progress]] = make_progress
    say: Callable[[str], None] = remark
    finish: Callable[[Connection, Mapping[str, Any]], None] = lambda _connection, _result: None

    @property
    def shelf(self) -> Shelf:
        """The target's snapshots."""
        name = shelf_name(self.blueprint.target.name, self.organisation)
        return Shelf(self.store.below(name))

    @property
    def target(self) -> Target:
        """The blueprint's target, with words for the kinds of events that the newest snapshot found beside."""
        latest = self.shelf.find_latest()
        return with_kinds(self.blueprint.target, latest.found_kinds if latest is not None else ())

    def read(self, target: Target | None = None) -> History:
        """What is on record of the target's leads; of another target, if one is given."""
        # As the owner: row-level security keeps the planner from knowing how many leads there are, and right after an
        # import, before any statistics, it then chooses a plan that takes minutes and gigabytes.
        with self.database.transaction() as connection:
            return read_history(connection, self.organisation, target or self.blueprint.target)

    def refresh(self, as_of: datetime | None = None) -> Quality:
        """Make a snapshot as of an instant, or of now.

        The history is read while the target's folder is held, so that a lead that is erased in the meantime is erased
        from this snapshot too.

        Raises:
            NoLeadsStoredError: if there is nothing to make it of.
        """
        target, shelf = self.blueprint.target, self.shelf
        with (
            self.store.held(alone=False, waiting=self._say_busy),
            shelf.folder.held(alone=True, waiting=self._say_busy),
        ):
            with self.progress() as progress:
                progress.start(total_steps=2)
                progress.step("reading the history")
                history, made_at = self.read(), now()
                if not history.leads.num_rows:
                    raise NoLeadsStoredError(target.entity, self.organisation)
                progress.step(f"computing features of {history.leads.num_rows:,} leads")
                quality = refresh(
                    shelf,
                    target,
                    history,
                    self.engine,
                    organisation=self.organisation,
                    as_of=as_of or made_at,
                    made_at=made_at,
                )
                progress.finish()
            return quality

    def snapshot(self) -> Snapshot:
        """The newest snapshot; one that is made now, if there is none or definitions have changed."""
        latest = self.shelf.find_latest()
        if latest is None:
            self.say("There is no snapshot of features yet, so one is made.")
            self.refresh()
        elif latest.fingerprint != fingerprint(self.target):
            self.say("Definitions have changed since the newest snapshot of features, so another one is made.")
            self.refresh()
        return self.shelf.get()

    def _say_busy(self) -> None:
        self.say("Another refresh of these features, or an erasure, is at work; waiting until it is done.")


@contextmanager
def open_target(options: TargetOptions) -> Iterator[TargetSession]:
    """A target at work, in the database and the feature store of the settings.

    Raises:
        BlueprintNotFoundError, BlueprintError, UnusableStoreError, UnknownEngineError, OrganisationNotFoundError: as
            they say, before any work.
    """
    settings = Settings()
    blueprint = find_blueprint(options.target)
    store = open_folder(options.store or settings.feature_store_place)
    engine = engine_in_use(options.engine)
    with make_progress() as progress:
        progress.start(total_steps=1)
        progress.step("starting the database")
        database = open_database(settings.server_url, settings.data_folder)
        progress.finish()
    with database:
        with database.transaction() as connection:
            OrganisationRepository(connection).check(options.organisation)
        yield TargetSession(blueprint, options.organisation, database, store, engine)
