"""Feedback, keys, erasure and the audit of a service."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from leadwise.app.client.pages import walk
from leadwise.app.client.transport import Transport
from leadwise.web.api.v2.shapes.administration import (
    AuditAnswer,
    ErasedAnswer,
    FeedbackAnswer,
    KeyAnswer,
    NewKeyAnswer,
    ReceiptAnswer,
)


class Feedback:
    """What people say of scores."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(self, target: str, lead: tuple[str, str], verdict: str, comment: str = "") -> FeedbackAnswer:
        """Say whether the score of a lead (source, external_id) was "right", "too_high" or "too_low", and why."""
        named = {"source": lead[0], "external_id": lead[1]}
        body = {"lead": named, "target": target, "verdict": verdict, "comment": comment}
        return FeedbackAnswer.model_validate_json(self._transport.post("/api/v2/feedback", body).content)

    def walk(self, *, target: str | None = None) -> Iterator[FeedbackAnswer]:
        """All feedback, the newest first."""
        return walk(self._transport, "/api/v2/feedback", FeedbackAnswer, target=target)


class Administration:
    """Keys, erasure, and the audit; for keys with the role admin."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add_key(self, name: str, roles: Sequence[str], days: int | None = None) -> NewKeyAnswer:
        """A new key; its text, `key`, is shown this once."""
        body = {"name": name, "roles": list(roles), "days": days}
        return NewKeyAnswer.model_validate_json(self._transport.post("/api/v2/keys", body).content)

    def list_keys(self) -> Sequence[KeyAnswer]:
        """All keys without their secrets, the newest first."""
        return [KeyAnswer.model_validate(each) for each in self._transport.get("/api/v2/keys").json()["results"]]

    def rotate_key(self, key_id: str, hours: float = 24) -> NewKeyAnswer:
        """A new key in place of another one, which opens for some hours yet."""
        answer = self._transport.post(f"/api/v2/keys/{quote(key_id, safe='')}/rotate", {"hours": hours})
        return NewKeyAnswer.model_validate_json(answer.content)

    def revoke_key(self, key_id: str) -> KeyAnswer:
        """Let a key open nothing any more."""
        return KeyAnswer.model_validate_json(self._transport.delete(f"/api/v2/keys/{quote(key_id, safe='')}").content)

    def erase(self, leads: Sequence[tuple[str, str]]) -> Sequence[ReceiptAnswer]:
        """Erase leads, given their (source, external_id), everywhere, all or none; a receipt for each."""
        named = [{"source": source, "external_id": external_id} for source, external_id in leads]
        answer = self._transport.post("/api/v2/erasures", {"leads": named})
        return ErasedAnswer.model_validate_json(answer.content).receipts

    def walk_audit(self, *, action: str | None = None) -> Iterator[AuditAnswer]:
        """Who did what, the newest first."""
        return walk(self._transport, "/api/v2/audit", AuditAnswer, action=action)
