"""An organisation at work on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from leadwise.app.settings import Settings
from leadwise.store.database import open_database
from leadwise.store.organisations import OrganisationRepository


@contextmanager
def open_organisation(organisation: str) -> Iterator[Connection]:
    """One transaction with the database of the settings, in which there is such an organisation.

    Raises:
        OrganisationNotFoundError: if there is none.
    """
    settings = Settings()
    with (
        open_database(settings.server_url, settings.data_folder) as database,
        database.transaction() as connection,
    ):
        OrganisationRepository(connection).check(organisation)
        yield connection
