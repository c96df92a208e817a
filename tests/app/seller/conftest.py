"""A town of simulated homes with a fitted model, beside organisations with none, one and hostile homes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.app.seller.town import Town, settle

from leadwise.store.database import Database, open_database


@pytest.fixture(scope="session")
def town(server: Database) -> Iterator[Town]:
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE town TEMPLATE template0"))
    url = server.url.set(database="town").render_as_string(hide_password=False)
    with open_database(url, Path("unused")) as database:
        yield settle(database)
    engine.dispose()
