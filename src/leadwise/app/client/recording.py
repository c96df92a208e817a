"""Leads, events and outcomes of a service."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from leadwise.app.client.pages import walk
from leadwise.app.client.transport import Transport
from leadwise.web.api.v2.shapes.records import (
    BatchAnswer,
    EventAnswer,
    EventRecord,
    LeadAnswer,
    LeadContent,
    LeadRecord,
    OutcomeAnswer,
    OutcomeRecord,
    RecordResult,
)

AT_ONCE = 5_000
"""So many records go in one request."""
Shape = TypeVar("Shape", LeadRecord, EventRecord, OutcomeRecord)


class Leads:
    """Leads of the caller's organisation."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(self, records: Iterable[LeadRecord | Mapping[str, Any]]) -> BatchAnswer:
        """Store leads, in as many requests as it takes; says what became of each, in their order.

        Raises:
            ValidationError: if one of them is no such record.
        """
        return _add(self._transport, "leads", LeadRecord, records)

    def put(self, source: str, external_id: str, content: LeadContent | Mapping[str, Any]) -> LeadAnswer:
        """Store one lead, or what is said of it; gives it as it is then."""
        shape = content if isinstance(content, LeadContent) else LeadContent.model_validate(content)
        answer = self._transport.put(_path(source, external_id), shape.model_dump(mode="json", exclude_none=True))
        return LeadAnswer.model_validate_json(answer.content)

    def get(self, source: str, external_id: str) -> LeadAnswer:
        """One lead, as it arrived and as it is known now."""
        return LeadAnswer.model_validate_json(self._transport.get(_path(source, external_id)).content)

    def walk(self, *, source: str | None = None, entity: str | None = None) -> Iterator[LeadAnswer]:
        """All leads, in the order in which they were stored."""
        return walk(self._transport, "/api/v2/leads", LeadAnswer, source=source, entity=entity)


class Events:
    """What happened to leads of the caller's organisation."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(self, records: Iterable[EventRecord | Mapping[str, Any]]) -> BatchAnswer:
        """Store events, as `Leads.add`."""
        return _add(self._transport, "events", EventRecord, records)

    def walk(
        self, *, source: str | None = None, external_id: str | None = None, kind: str | None = None
    ) -> Iterator[EventAnswer]:
        """All events, or those of a lead or a kind."""
        named = {"source": source, "external_id": external_id, "kind": kind}
        return walk(self._transport, "/api/v2/events", EventAnswer, **named)


class Outcomes:
    """How it ended for leads of the caller's organisation."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(self, records: Iterable[OutcomeRecord | Mapping[str, Any]]) -> BatchAnswer:
        """Store outcomes, as `Leads.add`."""
        return _add(self._transport, "outcomes", OutcomeRecord, records)

    def walk(
        self, *, source: str | None = None, external_id: str | None = None, target: str | None = None
    ) -> Iterator[OutcomeAnswer]:
        """All outcomes, or those of a lead or a target."""
        named = {"source": source, "external_id": external_id, "target": target}
        return walk(self._transport, "/api/v2/outcomes", OutcomeAnswer, **named)


def _path(source: str, external_id: str) -> str:
    return f"/api/v2/leads/{quote(source, safe='')}/{quote(external_id)}"


def _add(
    transport: Transport, name: str, shape: type[Shape], records: Iterable[Shape | Mapping[str, Any]]
) -> BatchAnswer:
    results: list[RecordResult] = []
    counts = dict.fromkeys(("added", "changed", "unchanged", "rejected"), 0)
    for piece in _pieces(shape, records):
        found = BatchAnswer.model_validate_json(transport.post(f"/api/v2/{name}", {name: piece}).content)
        results += found.results
        for count in counts:
            counts[count] += getattr(found, count)
    return BatchAnswer(results=results, **counts)


def _pieces(shape: type[Shape], records: Iterable[Shape | Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    piece: list[dict[str, Any]] = []
    for record in records:
        checked = record if isinstance(record, shape) else shape.model_validate(record)
        piece.append(checked.model_dump(mode="json", exclude_none=True))
        if len(piece) == AT_ONCE:
            yield piece
            piece = []
    if piece:
        yield piece
