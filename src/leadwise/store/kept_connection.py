"""A connection of one thread's own, kept from one statement to the next."""

import select
from collections.abc import Iterable
from typing import Any

import psycopg

from leadwise.store.database import CONNECT_SECONDS, Database
from leadwise.store.translation import translate


class KeptConnection:
    """Opened when it is needed first; each statement is a transaction of its own.

    One that the server has closed meanwhile is replaced before anything is sent: what was sent once is never sent
    again, since it may have been stored.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._driver: psycopg.Connection[Any] | None = None

    def copy(self, statement: str, pieces: Iterable[bytes]) -> None:
        """Run a COPY ... FROM STDIN on these pieces: all of it is stored, or nothing.

        Raises:
            LeadwiseError: what `Database.transaction` raises.
        """
        try:
            driver = self._open()
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                for piece in pieces:
                    copy.write(piece)
        except psycopg.Error as error:
            self.close()
            raise translate(error, self._database.url) or error from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it; the next statement opens another."""
        if self._driver is not None:
            self._driver.close()
        self._driver = None

    def _open(self) -> "psycopg.Connection[Any]":
        if self._driver is not None and _is_spoken_to(self._driver):
            self.close()
        if self._driver is None:
            self._driver = psycopg.connect(
                self._database.address(), autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="leadwise"
            )
        return self._driver


def _is_spoken_to(driver: "psycopg.Connection[Any]") -> bool:
    """Whether the server has something to say although nobody asked: good-bye."""
    if driver.closed:
        return True
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
