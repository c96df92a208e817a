"""Pushing: leads that staff chose go to the CRM, and that they went is an event of each."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

import orjson

from leadwise.actions.property_documents import property_document
from leadwise.actions.radar import Radar, RadarEntry
from leadwise.connectors.webhook import Delivery, Webhook
from leadwise.domain.clock import now
from leadwise.domain.errors import LeadwiseError
from leadwise.domain.lead import Event
from leadwise.domain.target import PUSHED_TO_CRM
from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.radar import RadarFilter

SOURCE, KIND = "leadwise", PUSHED_TO_CRM
"""Where the events come from, and their kind."""
AT_ONCE = 100
"""Identifiers whose properties are in one document."""
LONGEST_SECONDS = 25.0
"""How long a push may take; what is not sent by then has failed."""


@dataclass(frozen=True)
class Push:
    """Which leads are to go to the CRM.

    Args:
        organisation: Whose.
        identifiers: Their external ids.
        campaign: Why; None where that was not said.
        pushed_by: Who wants it.
        request_key: Names the request however often it comes; None where it has no name.
    """

    organisation: str
    identifiers: Sequence[str]
    campaign: str | None
    pushed_by: str
    request_key: str | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        """The identifiers, each once."""
        return tuple(dict.fromkeys(self.identifiers))

    def make_id(self) -> str:
        """A name of the push: the same for the same request, where that has a name."""
        if self.request_key is None:
            return uuid4().hex
        return _digest([self.organisation, self.request_key, self.campaign, self.wanted])


@dataclass(frozen=True)
class PushResult:
    """How a push ended, in leads: what matched is pushed, skipped or failed.

    Args:
        push_id: Names the push in documents and events.
        requested: So many identifiers were given, each counted once.
        matched: So many open leads have them.
        pushed: The CRM took these.
        skipped: These were not sent, for want of a webhook.
        failed: The CRM did not take these.
        unknown: Identifiers that no open lead with a score has.
        forwarding: Whether there is a webhook.
        status: The last HTTP status of the webhook; None where it was not asked, or did not answer.
    """

    push_id: str
    requested: int
    matched: int
    pushed: int
    skipped: int
    failed: int
    unknown: tuple[str, ...]
    forwarding: bool
    status: int | None


class Pusher:
    """Pushes leads of a radar.

    Args:
        database: Where pushes are put on record.
        radar: Where leads are found.
        target: What is predicted of them, for the record.
        webhook: Where they go; None: nowhere.
    """

    def __init__(self, database: Database, radar: Radar, target: str, webhook: Webhook | None) -> None:
        self._database = database
        self._radar = radar
        self._target = target
        self._webhook = webhook

    async def push(self, push: Push) -> PushResult:
        """Send leads to the CRM. Only sending may fail; then the result says so.

        Raises:
            Unavailable: if the database is away; then nothing was sent.
        """
        push_id, wanted = push.make_id(), push.wanted
        entries = await asyncio.to_thread(self._find, push, push_id)
        sent, status = await self._send(push, push_id, entries)
        if sent:
            await asyncio.to_thread(self._record, push, push_id, sent)
        known = {entry.score.lead[1] for entry in entries}
        return PushResult(
            push_id=push_id,
            requested=len(wanted),
            matched=len(entries),
            pushed=len(sent),
            skipped=0 if self._webhook else len(entries),
            failed=len(entries) - len(sent) if self._webhook else 0,
            unknown=tuple(each for each in wanted if each not in known),
            forwarding=self._webhook is not None,
            status=status,
        )

    def _find(self, push: Push, push_id: str) -> list[RadarEntry]:
        """The leads; that they are about to leave the house is in the audit before they do."""
        _, pieces = self._radar.get_all(push.organisation, RadarFilter(identifiers=push.wanted))
        entries = [entry for piece in pieces for entry in piece]
        if entries and self._webhook:
            details = {"to": "crm webhook", "push_id": push_id, "campaign": push.campaign, "leads": len(entries)}
            with self._database.transaction(push.organisation) as connection:
                audit = AuditRepository(connection, push.organisation)
                audit.add(AuditAction.EXPORT, self._target, push.pushed_by, details)
        return entries

    async def _send(
        self, push: Push, push_id: str, entries: Sequence[RadarEntry]
    ) -> tuple[list[RadarEntry], int | None]:
        """The leads that the CRM took, and its last status. It is left alone after a piece that it did not take."""
        sent: list[RadarEntry] = []
        status: int | None = None
        if self._webhook is None:
            return sent, status
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                for piece in _pieces(push.wanted, entries):
                    delivery_id = f"{push_id}-{_digest([entry.score.lead for entry in piece])}"
                    delivery = await self._deliver(self._webhook, push, delivery_id, piece)
                    status = delivery.status
                    if not delivery.delivered:
                        break
                    sent += piece
        except TimeoutError:
            status = None
        return sent, status

    async def _deliver(self, webhook: Webhook, push: Push, delivery_id: str, piece: Sequence[RadarEntry]) -> Delivery:
        document = {
            "deliveryId": delivery_id,
            "campaign": push.campaign,
            "pushedAt": now(),
            "target": self._target,
            "properties": [property_document(entry) for entry in piece],
        }
        return await webhook.send(document, delivery_id)

    def _record(self, push: Push, push_id: str, sent: Sequence[RadarEntry]) -> None:
        """Store an event for each lead. The CRM has them by now, so that trouble here is no failure of the push."""
        at = now()
        events = [
            Event(
                SOURCE,
                f"{push_id}-{_digest(entry.score.lead)}",
                entry.score.lead,
                KIND,
                at,
                at,
                _particulars(push, entry),
            )
            for entry in sent
        ]
        try:
            with self._database.transaction(push.organisation) as connection:
                EventRepository(connection, push.organisation).add_many(events)
        except LeadwiseError:
            logging.getLogger(__name__).exception("Push %s was sent, but its events are not stored.", push_id)


def _pieces(wanted: Sequence[str], entries: Sequence[RadarEntry]) -> Iterator[list[RadarEntry]]:
    """The leads of so many identifiers at once, in the order in which they were asked for.

    Whatever became of the ranking meanwhile, and of other leads, a piece is the same when a request comes again.
    """
    by_identifier: dict[str, list[RadarEntry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.score.lead):
        by_identifier.setdefault(entry.score.lead[1], []).append(entry)
    for begin in range(0, len(wanted), AT_ONCE):
        piece = [entry for each in wanted[begin : begin + AT_ONCE] for entry in by_identifier.get(each, [])]
        if piece:
            yield piece


def _digest(parts: object) -> str:
    """A short name of what JSON can hold."""
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]


def _particulars(push: Push, entry: RadarEntry) -> dict[str, object]:
    score = entry.score
    return {
        "campaign": push.campaign,
        "probability": score.probability,
        "grade": score.grade,
        "model_version": score.model_version,
    }
