"""The history of some leads, with the medians of their markets, in which all other leads have a part.

A market is looked at as of the beginning of a day, so that its median holds for all leads of the day. The medians of a
day are found once, for all markets, and kept until something else becomes known of what was known then.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import pyarrow as pa
from sqlalchemy import Connection, Engine

from leadwise.domain.history import History, instant_of
from leadwise.domain.target import Target
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.markets import beginning_of_day, find_medians, time_that_counts
from leadwise.store.history import read_history
from leadwise.store.past import find_marks
from leadwise.store.stated_prices import read_stated_prices

MOST_KEPT = 32
"""Tables, each of a day, a target and an organisation; they have some ten bytes for each market."""

_Key = tuple[str, str, tuple[tuple[str, ...], ...], int]
"""Organisation, entity, each price with the fields of its market, and the beginning of a day."""


def read_leads(
    connection: Connection, organisation: str, target: Target, leads: Sequence[int], as_of: Iterable[int]
) -> History:
    """What is on record of some leads, with the medians of markets for the days of some instants.

    Args:
        connection: Its transaction sees one state of the store.
        organisation: Whose.
        target: As for `read_history`.
        leads: Their numbers.
        as_of: Moments may be of the days of these instants, in microseconds since 1970.
    """
    history = read_history(connection, organisation, target, leads)
    if not target.prices:
        return history
    asked = _Asked(connection, organisation, target, tuple(sorted({beginning_of_day(each) for each in as_of})))
    return replace(history, medians=_OF_DATABASES.setdefault(connection.engine, _KeptMedians()).get(asked))


@dataclass(frozen=True)
class _Asked:
    """The medians of a target's prices as of the beginnings of some days."""

    connection: Connection
    organisation: str
    target: Target
    days: tuple[int, ...]

    def marks(self) -> dict[int, str]:
        """By day, the mark of what was known then."""
        dates = {day: instant_of(day).date() for day in self.days}
        found = find_marks(self.connection, self.organisation, list(dates.values()))
        return {day: found[date] for day, date in dates.items()}

    def key(self, day: int) -> _Key:
        prices = tuple((price.name, *price.market) for price in self.target.prices)
        return self.organisation, self.target.entity, prices, day

    def find(self, days: Sequence[int]) -> dict[int, pa.Table]:
        """Those of some of the days, from what all leads say that may have a part in them."""
        since, until = map(instant_of, time_that_counts(days))
        prices = [price.name for price in self.target.prices]
        compared_by = [name for price in self.target.prices for name in price.market]
        said = read_stated_prices(
            self.connection, self.organisation, self.target.entity, prices, compared_by, since=since, until=until
        )
        return find_medians(self.target, said, days, DuckDBEngine())


@dataclass
class _KeptMedians:
    """The medians of one database, each with the mark of what was known when it was found. Threads may share it."""

    _kept: OrderedDict[_Key, tuple[str, pa.Table]] = field(default_factory=OrderedDict)
    _finding: threading.Lock = field(default_factory=threading.Lock)

    def get(self, asked: _Asked) -> dict[int, pa.Table]:
        """By day, the medians."""
        found = self._known(asked, asked.marks())
        if len(found) == len(asked.days):
            return found
        with self._finding:  # what several ask for at once is found once
            marks = asked.marks()
            found = self._known(asked, marks)
            missing = [day for day in asked.days if day not in found]
            new = asked.find(missing) if missing else {}
            for day, table in new.items():
                self._kept[asked.key(day)] = marks[day], table
                self._kept.move_to_end(asked.key(day))
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found | new

    def _known(self, asked: _Asked, marks: dict[int, str]) -> dict[int, pa.Table]:
        kept = {day: self._kept.get(asked.key(day)) for day in asked.days}
        return {day: each[1] for day, each in kept.items() if each is not None and each[0] == marks[day]}


_OF_DATABASES: WeakKeyDictionary[Engine, _KeptMedians] = WeakKeyDictionary()
