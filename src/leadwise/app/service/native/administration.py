"""Feedback, keys, erasure and the audit, as the native API has them."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from leadwise.app.forgetting import forget_within, snapshot_eraser
from leadwise.app.service.native.records import named
from leadwise.domain.access import Caller, Role
from leadwise.domain.clock import now
from leadwise.domain.errors import Unavailable
from leadwise.store.api_keys import ApiKeyRepository, StoredKey
from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.database import Database
from leadwise.store.feedback import Feedback, FeedbackRepository
from leadwise.store.idempotency import IdempotencyRepository
from leadwise.store.listing import LeadName, OfLead
from leadwise.training.feature_store.folders import Folder
from leadwise.web.api.v2.paging import Listed, Place
from leadwise.web.api.v2.shapes.administration import (
    AuditAnswer,
    ErasedAnswer,
    FeedbackAnswer,
    FeedbackRequest,
    KeyAnswer,
    KeyRequest,
    NewKeyAnswer,
    ReceiptAnswer,
)


class RefreshAtWorkError(Unavailable):
    """Features are being computed of the leads that are to be erased."""

    code = "refresh_at_work"

    def __init__(self) -> None:
        super().__init__(
            "Nothing may be computed of leads while they are erased, but a refresh of features is at work; send the "
            "request again when it is done."
        )


class StoredAdministration:
    """Feedback, keys, erasure and the audit by organisation.

    Args:
        database: Where they are.
        snapshots: The feature store, from which is erased too.
    """

    def __init__(self, database: Database, snapshots: Folder) -> None:
        self._database, self._snapshots = database, snapshots

    def add_feedback(self, caller: Caller, request: FeedbackRequest) -> FeedbackAnswer:
        """Put feedback on record."""
        lead = request.lead.source, request.lead.external_id
        with self._database.transaction(caller.organisation) as connection:
            repository = FeedbackRepository(connection, caller.organisation)
            found = repository.add(lead, request.target, request.verdict, request.comment, caller.name)
        return _feedback_answer(found)

    def get_feedback(self, organisation: str, feedback_id: int) -> FeedbackAnswer:
        """One feedback."""
        with self._database.transaction(organisation) as connection:
            return _feedback_answer(FeedbackRepository(connection, organisation).get(feedback_id))

    def list_feedback(
        self, organisation: str, limit: int, after: Place | None, target: str | None, lead: OfLead
    ) -> Sequence[Listed[FeedbackAnswer]]:
        """Feedback, the newest first; a place is (number)."""
        seen = None if after is None else int(after[0])
        with self._database.transaction(organisation) as connection:
            found = FeedbackRepository(connection, organisation).list(limit, seen, target=target, lead=lead)
        return [Listed((each.id,), _feedback_answer(each)) for each in found]

    def add_key(self, caller: Caller, request: KeyRequest) -> NewKeyAnswer:
        """A new key."""
        expires_at = None if request.days is None else now() + timedelta(days=request.days)
        with self._database.transaction(caller.organisation) as connection:
            keys = ApiKeyRepository(connection, caller.organisation)
            key, given = keys.add(request.name, [Role(role) for role in request.roles], caller.name, expires_at)
            audit = AuditRepository(connection, caller.organisation)
            audit.add(AuditAction.ADD_KEY, key.id, caller.name, {"roles": sorted(key.roles)})
        return NewKeyAnswer(**_key(key), key=given)

    def rotate_key(self, caller: Caller, key_id: str, hours: float) -> NewKeyAnswer:
        """A new key in place of another, which opens for some hours yet."""
        with self._database.transaction(caller.organisation) as connection:
            keys = ApiKeyRepository(connection, caller.organisation)
            key, given = keys.rotate(key_id, caller.name, now() + timedelta(hours=hours))
            audit = AuditRepository(connection, caller.organisation)
            audit.add(AuditAction.ROTATE_KEY, key_id, caller.name, {"by": key.id, "hours": hours})
        return NewKeyAnswer(**_key(key), key=given)

    def revoke_key(self, caller: Caller, key_id: str) -> KeyAnswer:
        """Let a key open nothing from now on."""
        with self._database.transaction(caller.organisation) as connection:
            keys = ApiKeyRepository(connection, caller.organisation)
            was_revoked = keys.get(key_id).revoked_at is not None
            key = keys.revoke(key_id)
            if not was_revoked:
                AuditRepository(connection, caller.organisation).add(AuditAction.REVOKE_KEY, key_id, caller.name)
        return KeyAnswer(**_key(key))

    def get_key(self, organisation: str, key_id: str) -> KeyAnswer:
        """One key."""
        with self._database.transaction(organisation) as connection:
            return KeyAnswer(**_key(ApiKeyRepository(connection, organisation).get(key_id)))

    def list_keys(self, organisation: str) -> Sequence[KeyAnswer]:
        """All keys, the newest first."""
        with self._database.transaction(organisation) as connection:
            return [KeyAnswer(**_key(key)) for key in ApiKeyRepository(connection, organisation).list()]

    def erase(self, caller: Caller, leads: Sequence[LeadName]) -> ErasedAnswer:
        """Erase leads everywhere, all or none; kept answers, which may name them, are forgotten too."""
        organisation = caller.organisation
        with ExitStack() as stack:
            # Until the database has forgotten them too, nobody may make a snapshot of them.
            stack.enter_context(self._snapshots.held(alone=True, waiting=_refuse))
            connection = stack.enter_context(self._database.transaction(organisation))
            also = [snapshot_eraser([self._snapshots])]
            receipts = forget_within(connection, organisation, list(dict.fromkeys(leads)), caller.name, also=also)
            IdempotencyRepository(connection, organisation).forget_answers()
        return ErasedAnswer(
            receipts=[ReceiptAnswer(**receipt.model_dump(exclude={"organisation"})) for receipt in receipts]
        )

    def list_audit(
        self, organisation: str, limit: int, after: Place | None, action: str | None
    ) -> Sequence[Listed[AuditAnswer]]:
        """What was done, the newest first; a place is (number)."""
        seen = None if after is None else int(after[0])
        wanted = None if action is None else AuditAction(action)
        with self._database.transaction(organisation) as connection:
            found = AuditRepository(connection, organisation).list(limit, seen, action=wanted)
        return [Listed((entry.id,), AuditAnswer.model_validate(asdict(entry))) for entry in found]


def _refuse() -> None:
    raise RefreshAtWorkError


def _feedback_answer(found: Feedback) -> FeedbackAnswer:
    return FeedbackAnswer.model_validate({**asdict(found), "lead": named(found.lead)})


def _key(key: StoredKey) -> dict[str, Any]:
    known = {name: getattr(key, name) for name in KeyAnswer.model_fields}
    return known | {"roles": sorted(role.value for role in key.roles)}
