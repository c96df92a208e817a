"""What all leads say of some fields now: read once, kept in memory, and followed as more becomes known."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from weakref import WeakKeyDictionary

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, text

from leadwise.domain.clock import now
from leadwise.domain.lead import Fields
from leadwise.store.current_fields import as_text, read_current_fields
from leadwise.store.history import FEW
from leadwise.store.past import list_changes

MOST_KEPT = 32
"""Tables, each of an organisation and some fields; they have some thirty bytes for each lead."""
MOST_FOLLOWED = 5_000
"""Where something was said of more leads than so many, all are read anew: that takes no longer."""

_EVER = datetime.min.replace(tzinfo=UTC)
# Whatever became known since an instant occurred or was recorded since then. The key of statements has both stamps, so
# that their contents are not read.
_SAID_SINCE = """
SELECT DISTINCT coalesce(merged_into, id)
FROM leads
WHERE organisation_id = :organisation AND entity = :entity AND id IN (
    SELECT lead_id FROM statements WHERE recorded_at >= :since OR occurred_at >= :since
    UNION ALL
    SELECT lead_id FROM events WHERE kind = 'field_changed' AND (recorded_at >= :since OR occurred_at >= :since)
)
LIMIT :limit
"""


@dataclass(frozen=True)
class _Asked:
    """Some fields of all leads of a kind."""

    connection: Connection
    organisation: str
    entity: str
    fields: tuple[str, ...]

    def read(self, as_of: datetime, leads: Sequence[int] | None = None) -> pa.Table:
        """What leads say of the fields as of an instant."""
        given = self.connection, self.organisation, self.entity, self.fields, as_of
        if leads is None:
            return as_table(self.fields, read_current_fields(*given))
        # By index, few at a time: more would be read with the whole tables.
        pieces = (read_current_fields(*given, leads[start : start + FEW]) for start in range(0, len(leads), FEW))
        return pa.concat_tables([as_table(self.fields, each) for each in ({}, *pieces)])

    def said_since(self, since: datetime) -> list[int]:
        """The leads of which something may have become known since then, one more than are followed at most."""
        given = {"organisation": self.organisation, "entity": self.entity, "since": since, "limit": MOST_FOLLOWED + 1}
        return list(self.connection.scalars(text(_SAID_SINCE), given))


@dataclass(frozen=True)
class _Known:
    """What was known at an instant, and the changes of the past that were known with it."""

    as_of: datetime
    changes: frozenset[tuple[date, int]]
    table: pa.Table

    def since(self, changes: frozenset[tuple[date, int]]) -> datetime:
        """The instant from which on something else may have become known, given the changes that there are now."""
        days = [datetime.combine(day, time(), UTC) for day, _ in self.changes ^ changes]
        return min([self.as_of, *days])


@dataclass
class _KeptFields:
    """What was read of one database. Threads may share it."""

    _kept: OrderedDict[tuple[str, str, tuple[str, ...]], _Known] = field(default_factory=OrderedDict)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def get(self, asked: _Asked) -> pa.Table:
        """What is known now."""
        key = asked.organisation, asked.entity, asked.fields
        with self._reading:  # what several ask for at once is read once
            changes, as_of = list_changes(asked.connection, asked.organisation), now()
            known = self._kept.pop(key, None)
            table = asked.read(as_of) if known is None else _followed(asked, known, changes, as_of)
            self._kept[key] = _Known(as_of, changes, table)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return table


def read_present_fields(connection: Connection, organisation: str, entity: str, fields: Sequence[str]) -> pa.Table:
    """What all leads say of these fields now, as `as_table`; leads of which nobody ever said any of them are left out.

    All are read the first time, and after merges and erasures; otherwise those that something was said of since. What
    the transaction itself stores after it has read may be missing until another one reads.
    """
    asked = _Asked(connection, organisation, entity, tuple(fields))
    return _OF_DATABASES.setdefault(connection.engine, _KeptFields()).get(asked)


def as_table(fields: Sequence[str], known: dict[int, Fields]) -> pa.Table:
    """The `lead` (int64), and `value_<place>` for each field: its text, null where none is given."""
    columns: dict[str, Any] = {"lead": pa.array(list(known), pa.int64())}
    for place, name in enumerate(fields):
        texts = [as_text(said.get(name)) or None for said in known.values()]
        columns[f"value_{place}"] = pa.array(texts, pa.string())
    return pa.table(columns)


def _followed(asked: _Asked, known: _Known, changes: frozenset[tuple[date, int]], as_of: datetime) -> pa.Table:
    since = known.since(changes)
    said = None if since == _EVER else asked.said_since(since)
    if said is None or len(said) > MOST_FOLLOWED:
        return asked.read(as_of)
    if not said:
        return known.table
    others = known.table.filter(pc.invert(pc.is_in(known.table["lead"], pa.array(said, pa.int64()))))
    return pa.concat_tables([others, asked.read(as_of, said)])


_OF_DATABASES: WeakKeyDictionary[Engine, _KeptFields] = WeakKeyDictionary()
