"""A town of simulated homes with a fitted model, beside organisations with none, one and hostile homes."""

from collections.abc import Iterator

import pytest
from tests.app.seller.town import Town, settle
from tests.databases import opened

from leadwise.store.database import Database


@pytest.fixture(scope="session")
def town(server: Database) -> Iterator[Town]:
    with opened(server) as database:
        yield settle(database)
