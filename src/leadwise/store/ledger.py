"""Scores of requests into the ledger, many at a time: whoever waits for one is told when it is durable."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Self

import orjson

from leadwise.domain.errors import LeadwiseError, Unavailable
from leadwise.domain.prediction import Contribution, Prediction
from leadwise.store.cleaning import json_text
from leadwise.store.database import Database
from leadwise.store.errors import LedgerClosedError, LedgerFullError, UnwritableScoreError
from leadwise.store.kept_connection import KeptConnection

Told = Callable[[LeadwiseError | None], None]
"""Hears that entries are durable (None), or why they are not; called by the writer's thread."""

MOST_WAITING = 200_000
"""Entries that may wait. Beyond, callers are refused: what cannot be written down is not said."""
_COPY = (
    "COPY scores (organisation_id, target, as_of, recorded_at, model_version, probability, value, grade, action, base,"
    " reasons, inputs) FROM STDIN"
)
_NULL = rb"\N"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A score of a request."""

    organisation: str
    target: str
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Rows of one caller, as COPY reads them."""

    rows: bytes
    count: int
    told: Told


class LedgerWriter:
    """One thread with one connection: while it commits one group, the next one gathers.

    Use it as a context manager, or call `close`, which writes what waits.
    """

    def __init__(self, database: Database) -> None:
        self._connection = KeptConnection(database)
        self._waiting: list[_Waiting] = []
        self._count = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many entries are not durable yet."""
        return self._count

    def add(self, entries: Sequence[LedgerEntry], told: Told) -> None:
        """Have entries written; all of one call become durable together, or not at all.

        Raises:
            LedgerFullError: if too many wait already.
            LedgerClosedError: if the writer has been closed.
        """
        waiting = _Waiting(b"".join(map(_line, entries)), len(entries), told)
        with self._changed:
            if self._closed:
                raise LedgerClosedError
            if self._count and self._count + waiting.count > MOST_WAITING:
                raise LedgerFullError(self._count)
            self._waiting.append(waiting)
            self._count += waiting.count
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, and stop. Further calls do nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _work(self) -> None:
        while group := self._next_group():
            trouble = self._write(group)
            if trouble is not None and not isinstance(trouble, Unavailable) and len(group) > 1:
                for alone in group:  # one of them cannot be stored, which is not the others' fault
                    self._answer([alone], self._write([alone]))
            else:
                self._answer(group, trouble)
        self._connection.close()

    def _next_group(self) -> list[_Waiting]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            group, self._waiting = self._waiting, []
            return group

    def _answer(self, group: Sequence[_Waiting], trouble: LeadwiseError | None) -> None:
        with self._changed:
            self._count -= sum(each.count for each in group)
        for each in group:
            with suppress(RuntimeError):  # whoever waited has gone: their event loop is closed
                each.told(trouble)

    def _write(self, group: Sequence[_Waiting]) -> LeadwiseError | None:
        """Store a group in one statement; gives why that cannot be done."""
        try:
            self._connection.copy(_COPY, [each.rows for each in group])
        except LeadwiseError as error:
            return error
        except Exception as error:  # noqa: BLE001 - what cannot be written must not end the thread
            return UnwritableScoreError(type(error).__name__)
        return None


def _line(entry: LedgerEntry) -> bytes:
    """A row as COPY reads it."""
    said = entry.prediction
    stamp = _stamp(said.as_of)
    cells = (
        _text(entry.organisation),
        _text(entry.target),
        stamp,
        stamp,
        _text(said.model_version),
        _number(said.probability),
        _number(said.value),
        _text(said.grade),
        _text(said.action),
        _number(said.base),
        _escaped(_json(said.contributions)),
        said.inputs.encode(),
    )
    return b"\t".join(cells) + b"\n"


def _json(contributions: Sequence[Contribution]) -> bytes:
    try:
        written = orjson.dumps(contributions)
    except orjson.JSONEncodeError:  # half of a surrogate pair
        written = b"\\u0000"
    if b"\\u0000" not in written:
        return written
    return json_text(contributions).encode()


@lru_cache(16)
def _stamp(at: datetime) -> bytes:
    return at.isoformat().encode()


@lru_cache(4096)
def _text(text: str | None) -> bytes:
    return _NULL if text is None else _escaped(text.replace("\0", "\ufffd").encode("utf-8", "replace"))


def _number(number: float | None) -> bytes:
    return _NULL if number is None else repr(number).encode()


def _escaped(text: bytes) -> bytes:
    r"""Text without what separates cells and rows.

    >>> _escaped(b"C:\\new\tline\n")
    b'C:\\\\new\\tline\\n'
    """
    if b"\\" in text:
        text = text.replace(b"\\", b"\\\\")
    if b"\t" in text or b"\n" in text or b"\r" in text:
        text = text.replace(b"\t", rb"\t").replace(b"\n", rb"\n").replace(b"\r", rb"\r")
    return text
