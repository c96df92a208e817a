"""Versions of models, as the API asks for them."""

import asyncio
from collections.abc import Sequence

from leadwise.registry.versions import ModelVersions, Version
from leadwise.store.database import Database
from leadwise.store.organisations import OrganisationRepository


class StoredModels:
    """The versions of all organisations' models; each call sees one organisation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, organisation: str, target: str) -> Sequence[Version]:
        """All versions, the newest first."""
        with self._database.transaction(organisation) as connection:
            OrganisationRepository(connection).check(organisation)
            return ModelVersions(connection, target, organisation).list()

    async def roll_back(self, organisation: str, target: str, version: str, by: str) -> None:
        """Let a version answer again."""
        await asyncio.to_thread(self._roll_back, organisation, target, version, by)

    def _roll_back(self, organisation: str, target: str, version: str, by: str) -> None:
        with self._database.transaction(organisation) as connection:
            OrganisationRepository(connection).check(organisation)
            ModelVersions(connection, target, organisation).roll_back(by, version)
