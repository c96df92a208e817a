"""Notices what other processes changed: a thread that asks the database twice a second."""

import threading
from collections.abc import Callable, Mapping

from sqlalchemy import text

from leadwise.domain.errors import LeadwiseError
from leadwise.store.database import Database

EVERY_SECONDS = 0.4
# Counts beside the newest numbers: a number that was given out earlier may become visible later.
_STATE = text("""
SELECT (SELECT (count(*), max(id))::text FROM activations) AS activations,
    (SELECT (count(*), sum(revision))::text FROM api_keys) AS keys
""")


class Watch:
    """Calls what must follow a change, in its own thread. Use it as a context manager, or call `start` and `stop`.

    Args:
        database: What is watched.
        follow: What to call, by what changed: "activations", "keys". Also called after the database was away.
    """

    def __init__(self, database: Database, follow: Mapping[str, Callable[[], None]]) -> None:
        self._database = database
        self._follow = follow
        self._seen: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watch", daemon=True)
        self.trouble: str = ""
        """Why the database cannot be asked; empty while it can."""

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching, and wait until the thread is gone."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Ask once, and call what must follow."""
        try:
            with self._database.transaction() as connection:
                state = {name: str(value) for name, value in connection.execute(_STATE).mappings().one().items()}
            for name, follow in self._follow.items():
                if self._seen.get(name) != state[name]:  # the first time too: what was read before may be older
                    follow()
                self._seen[name] = state[name]  # only once it was followed
        except LeadwiseError as error:
            self.trouble = str(error)
        else:
            self.trouble = ""

    def _work(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            self.look()
