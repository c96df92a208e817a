"""Databases of a test's own, empty or as another one is: a copy is made in less time than what is in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

from leadwise.store.database import Database, open_database

EMPTY = "template0"
_numbers = count(1)


@contextmanager
def new_database(server: Database, template: str = EMPTY) -> Iterator[str]:
    """Its URL. Nobody may be connected to the template, which is the URL of another one."""
    name = f"test_{next(_numbers)}"
    run_alone(server, f"CREATE DATABASE {name} TEMPLATE {template.rpartition('/')[2].partition('?')[0]}")
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        run_alone(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def opened(server: Database, template: str = EMPTY) -> Iterator[Database]:
    """A new one, migrated."""
    with new_database(server, template) as url, open_database(url, Path("unused")) as database:
        yield database


def run_alone(server: Database, statement: str) -> None:
    """Run what may not be run in a transaction."""
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
