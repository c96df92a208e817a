"""Feedback on scores; and what administrators do: keys, erasure, the audit."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from leadwise.web.api.v2.shapes.records import LEAD
from leadwise.web.api.v2.shapes.words import AS_WHOLE, Given, Instant, LeadName, Name, Told, example

Verdict = Literal["right", "too_high", "too_low"]
RoleName = Literal["read", "score", "train", "admin"]
_FEEDBACK = {
    "lead": LEAD,
    "target": "car_sold",
    "verdict": "too_low",
    "comment": "Came to the showroom on Saturday.",
}
_KEY = {
    "id": "0f3a9c11b2d4",
    "name": "nightly",
    "roles": ["read", "score"],
    "created_by": "anna (key 99aa00bb11cc)",
    "recorded_at": "2026-02-01T03:00:00Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
}


class FeedbackRequest(Given):
    """What somebody says of a lead's score."""

    model_config = ConfigDict(json_schema_extra=example(**_FEEDBACK))

    lead: LeadName
    target: Name
    verdict: Verdict
    comment: str = Field(default="", max_length=5000)


class FeedbackAnswer(Told):
    """Feedback as it is on record."""

    model_config = ConfigDict(
        json_schema_extra=example(id=17, **_FEEDBACK, given_by="crm (key 0f3a9c)", recorded_at="2026-02-02T10:00:00Z")
    )

    id: int
    lead: LeadName
    target: str
    verdict: str
    comment: str
    given_by: str
    recorded_at: Instant


class KeyRequest(Given):
    """A key to be made."""

    model_config = ConfigDict(json_schema_extra=example(name="nightly", roles=["read", "score"], days=90))

    name: Name = Field(description="What it is for, as people read it.")
    roles: list[RoleName] = Field(min_length=1, max_length=4)
    days: Annotated[int, Field(ge=1, le=36_500), AS_WHOLE] | None = Field(
        default=None, description="After so many days it opens nothing."
    )


class RotateRequest(Given):
    """How a key is to be replaced."""

    model_config = ConfigDict(json_schema_extra=example(hours=24))

    hours: float = Field(default=24, ge=0, le=8760, description="For so long the old key opens yet.")


class KeyAnswer(Told):
    """A key without its secret."""

    model_config = ConfigDict(json_schema_extra=example(**_KEY))

    id: str
    name: str
    roles: list[RoleName]
    created_by: str
    recorded_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None


class NewKeyAnswer(KeyAnswer):
    """A key that was just made, with its text."""

    model_config = ConfigDict(json_schema_extra=example(**_KEY, key="lw_0f3a9c11b2d4_cGxlYXNlIG1ha2UgeW91ciBvd24"))

    key: str | None = Field(
        description="What callers send; shown this once. Null where the answer is repeated for an Idempotency-Key."
    )


class EraseRequest(Given):
    """Leads to be erased, all or none."""

    model_config = ConfigDict(json_schema_extra=example(leads=[LEAD]))

    leads: list[LeadName] = Field(min_length=1, max_length=100)


class ReceiptAnswer(Told):
    """What was erased, without a word on whom."""

    erased_at: Instant
    erased_by: str
    identifier_hashes: list[str] = Field(description="Salted; one for each lead that was merged with it.")
    counts: dict[str, int] = Field(description="How many rows went, by place.")


class ErasedAnswer(Told):
    """A receipt for each lead."""

    model_config = ConfigDict(
        json_schema_extra=example(
            receipts=[
                {
                    "erased_at": "2026-02-02T10:00:00Z",
                    "erased_by": "anna (key 99aa00bb11cc)",
                    "identifier_hashes": ["5f0c…"],
                    "counts": {"leads": 1, "events": 12, "scores": 3},
                }
            ]
        )
    )

    receipts: list[ReceiptAnswer]


class AuditAnswer(Told):
    """One thing that was done."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=204,
            recorded_at="2026-02-02T10:00:00Z",
            done_by="anna (key 99aa00bb11cc)",
            action="activate",
            subject="car_sold",
            details={"version": "72cf245e8871"},
        )
    )

    id: int
    recorded_at: Instant
    done_by: str
    action: str
    subject: str = Field(description="A target, a version, a key's id, a receipt; never a person.")
    details: dict[str, Any]
