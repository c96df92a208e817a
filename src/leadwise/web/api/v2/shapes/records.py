"""Leads, events and outcomes."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from leadwise.web.api.v2.shapes.words import Fields, Given, Instant, LeadName, Name, Told, example

LEAD = {"source": "marketplace", "external_id": "L-1001"}
_LEAD_FIELDS = {"make": "Volvo", "price": 18500, "city": "Porto"}
LEAD_EXAMPLE = LEAD | {"entity": "lead", "occurred_at": "2026-01-31T12:00:00Z", "fields": _LEAD_FIELDS}
EVENT_EXAMPLE = {
    "source": "crm",
    "external_id": "E-1",
    "lead": LEAD,
    "kind": "message_received",
    "occurred_at": "2026-02-01T09:30:00Z",
    "fields": {"channel": "email"},
}
OUTCOME_EXAMPLE = {
    "source": "crm",
    "external_id": "O-1",
    "lead": LEAD,
    "target": "car_sold",
    "won": True,
    "value": 18200.0,
    "occurred_at": "2026-02-20T16:00:00Z",
}
_RECORDED_AT = "When you learned of it; left out: now. Of two versions of a record, the one recorded first counts."
Recorded = Annotated[Instant | None, Field(description=_RECORDED_AT)]


class _Arrival(Given):
    """How a lead arrived."""

    entity: Name = Field(default="lead", description="What kind of thing it is, as a target names it.")
    occurred_at: Instant = Field(description="When it arrived.")
    recorded_at: Recorded = None
    fields: Fields = Field(default={}, description="What is known of it.")


class LeadRecord(_Arrival):
    """A lead, or what another delivery says of it: fields that it leaves out are not spoken of."""

    model_config = ConfigDict(json_schema_extra=example(**LEAD_EXAMPLE))

    source: Name
    external_id: Name
    merged_into: Name | None = Field(
        default=None, description="The identifier of the lead of the same source that stands for it from now on."
    )


class LeadContent(_Arrival):
    """A lead whose name stands in the address."""

    model_config = ConfigDict(
        json_schema_extra=example(occurred_at="2026-01-31T12:00:00Z", fields=_LEAD_FIELDS | {"price": 17900})
    )


class EventRecord(Given):
    """Something that happened to a lead. The same source and external id is the same event."""

    model_config = ConfigDict(json_schema_extra=example(**EVENT_EXAMPLE))

    source: Name
    external_id: Name
    lead: LeadName
    kind: Name = Field(description="What happened; a blueprint says which kinds it knows.")
    occurred_at: Instant
    recorded_at: Recorded = None
    fields: Fields = Field(default={}, description="Particulars.")


class OutcomeRecord(Given):
    """How it ended for a lead. The same source and external id is the same outcome."""

    model_config = ConfigDict(json_schema_extra=example(**OUTCOME_EXAMPLE))

    source: Name
    external_id: Name
    lead: LeadName
    target: Name = Field(description="What was being predicted.")
    won: bool
    value: float | None = Field(default=None, allow_inf_nan=False, description="What it was worth; null: unknown.")
    occurred_at: Instant
    recorded_at: Recorded = None


class LeadBatch(Given):
    """Leads to be stored."""

    model_config = ConfigDict(json_schema_extra=example(leads=[LEAD_EXAMPLE]))

    leads: list[LeadRecord]


class EventBatch(Given):
    """Events to be stored; their leads come first."""

    model_config = ConfigDict(json_schema_extra=example(events=[EVENT_EXAMPLE]))

    events: list[EventRecord]


class OutcomeBatch(Given):
    """Outcomes to be stored; their leads come first."""

    model_config = ConfigDict(json_schema_extra=example(outcomes=[OUTCOME_EXAMPLE]))

    outcomes: list[OutcomeRecord]


class RecordResult(Told):
    """What became of one record."""

    source: str
    external_id: str
    status: Literal["stored", "rejected"] = Field(description="`stored`, also where that changed nothing.")
    reason: str = Field(default="", description="Why it was rejected.")


class BatchAnswer(Told):
    """What became of all records, in their order: added, changed something, said nothing new, or rejected."""

    model_config = ConfigDict(
        json_schema_extra=example(
            results=[LEAD | {"status": "stored", "reason": ""}], added=1, changed=0, unchanged=0, rejected=0
        )
    )

    results: list[RecordResult]
    added: int
    changed: int
    unchanged: int
    rejected: int


SOME_REJECTED: dict[str, Any] = {
    "results": [
        LEAD | {"status": "stored", "reason": ""},
        LEAD | {"external_id": "L-9", "status": "rejected", "reason": "It was erased on 2026-01-05 and stays out."},
    ],
    "added": 1,
    "changed": 0,
    "unchanged": 0,
    "rejected": 1,
}


class LeadAnswer(Told):
    """A lead as it is on record."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **LEAD_EXAMPLE | {"fields": _LEAD_FIELDS | {"price": 17900}},
            recorded_at="2026-01-31T12:00:05Z",
            arrival_fields=_LEAD_FIELDS,
            merged_into=None,
        )
    )

    source: str
    external_id: str
    entity: str
    occurred_at: Instant = Field(description="When it arrived.")
    recorded_at: Instant
    fields: Fields = Field(description="What is known of it now.")
    arrival_fields: Fields = Field(description="What was known of it on arrival.")
    merged_into: LeadName | None = Field(description="The lead that stands for it; null: it stands for itself.")


class EventAnswer(Told):
    """An event as it is on record."""

    model_config = ConfigDict(json_schema_extra=example(**EVENT_EXAMPLE, recorded_at="2026-02-01T09:30:02Z"))

    source: str
    external_id: str
    lead: LeadName
    kind: str
    occurred_at: Instant
    recorded_at: Instant
    fields: Fields


class OutcomeAnswer(Told):
    """An outcome as it is on record."""

    model_config = ConfigDict(json_schema_extra=example(**OUTCOME_EXAMPLE, recorded_at="2026-02-20T16:00:02Z"))

    source: str
    external_id: str
    lead: LeadName
    target: str
    won: bool
    value: float | None
    occurred_at: Instant
    recorded_at: Instant
