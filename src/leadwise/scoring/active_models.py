"""The models that answer requests now, in memory: one for each organisation and target that was ever asked for."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from leadwise.models.lean_imports import import_lean
from leadwise.registry.versions import FailedVersion, ModelVersions, NoUsableModelError
from leadwise.scoring.requests import ModelScorer, RequestScorer
from leadwise.store.database import Database
from leadwise.store.errors import OrganisationNotFoundError
from leadwise.store.models import newest_activations
from leadwise.store.organisations import OrganisationRepository

MOST_IN_MEMORY = 500
"""Organisations' models that are kept; beyond, the one that was asked for longest ago makes room."""

Key = tuple[str, str]
"""Organisation and target."""
Rules = Callable[[str], RequestScorer]
"""Gives the rules of a target."""


@dataclass(frozen=True)
class Active:
    """What answers for an organisation and a target.

    Args:
        scorer: A model, or rules where no model can answer.
        version: The version that should answer; empty where none was ever activated.
        trouble: Why that one does not answer; empty where it does.
        fallback: The rules.
    """

    scorer: RequestScorer
    version: str
    trouble: str
    fallback: RequestScorer


class ActiveModels:
    """Models by organisation and target. Safe to share between threads; `find` is quick enough for an event loop.

    Args:
        database: Where models are.
        rules: What answers where there is no model.
    """

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules
        self._active: OrderedDict[Key, Active] = OrderedDict()
        self._loading = threading.Lock()

    def find(self, organisation: str, target: str) -> Active | None:
        """What answers now, if it is in memory already."""
        found = self._active.get((organisation, target))
        if found is not None:
            with suppress(KeyError):  # another thread may just have made room by it
                self._active.move_to_end((organisation, target))
        return found

    def get(self, organisation: str, target: str) -> Active:
        """What answers now; read from the database where it must be.

        Raises:
            OrganisationNotFoundError: if there is no such organisation.
            Unavailable: if the database is away.
        """
        with self._loading:
            return self.find(organisation, target) or self._load(organisation, target)

    def refresh(self) -> None:
        """Read again what was activated meanwhile; requests are answered by what was there until all of it is read.

        Raises:
            Unavailable: if the database is away; then everything stays as it is.
        """
        with self._loading:
            with self._database.transaction() as connection:
                newest = newest_activations(connection)
            for key, active in self._active.copy().items():
                if active.trouble or newest.get(key, "") != active.version:
                    self._follow(*key)

    def troubles(self) -> dict[Key, str]:
        """Why versions that should answer do not, by organisation and target."""
        return {key: active.trouble for key, active in self._active.copy().items() if active.trouble}

    def _follow(self, organisation: str, target: str) -> None:
        try:
            self._load(organisation, target)
        except OrganisationNotFoundError:
            self._active.pop((organisation, target), None)

    def _load(self, organisation: str, target: str) -> Active:
        before = self._active.get((organisation, target))
        active = self._read(organisation, target, before)
        self._active[organisation, target] = active
        while len(self._active) > MOST_IN_MEMORY:
            self._active.popitem(last=False)
        return active

    def _read(self, organisation: str, target: str, before: Active | None) -> Active:
        import_lean()  # for the first of them, somebody may be waiting
        rules = self._rules(target)
        with self._database.transaction(organisation) as connection:
            OrganisationRepository(connection).check(organisation)
            versions = ModelVersions(connection, target, organisation)
            wanted = versions.find_active_version()
            if wanted is None:
                return Active(rules, "", "", rules)
            if before is not None and before.scorer.version == wanted:
                return before if not before.trouble else Active(before.scorer, wanted, "", rules)
            try:
                found = versions.get_active_or_previous()
            except NoUsableModelError as error:
                return Active(rules, wanted, _troubles(error.failed), rules)
        return Active(ModelScorer(found.model), wanted, _troubles(found.failed), rules)


def _troubles(failed: Sequence[FailedVersion]) -> str:
    return " ".join(each.detail for each in failed)
