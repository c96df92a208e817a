"""Leads, and what happens to them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadwise.domain.clock import in_utc

Fields = dict[str, Any]
"""What was known of something when it was recorded: names to JSON values."""


@dataclass(frozen=True)
class Lead:
    """Somebody who may buy. Known from outside by (source, external_id).

    Args:
        source: The system that it came from ("marketplace").
        external_id: Its identifier there.
        occurred_at: When it arrived.
        recorded_at: When we learned of it.
        fields: What was known on arrival; later changes are events of kind `field_changed`.
        entity: What kind of thing it is, as a target names it ("lead", "property", "customer").
    """

    source: str
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    fields: Fields = field(default_factory=dict)
    entity: str = "lead"

    def __post_init__(self) -> None:
        object.__setattr__(self, "occurred_at", in_utc("occurred_at", self.occurred_at))
        object.__setattr__(self, "recorded_at", in_utc("recorded_at", self.recorded_at))


@dataclass(frozen=True)
class Event:
    """Something that happened to a lead: a message, a test drive, a changed field.

    Args:
        source: The system that reported it.
        external_id: Its identifier there: the same event delivered twice is one.
        lead: The lead's (source, external_id).
        kind: What happened ("message_received").
        occurred_at: When it happened in the world.
        recorded_at: When we learned of it.
        fields: Particulars.
    """

    source: str
    external_id: str
    lead: tuple[str, str]
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    fields: Fields = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "occurred_at", in_utc("occurred_at", self.occurred_at))
        object.__setattr__(self, "recorded_at", in_utc("recorded_at", self.recorded_at))


@dataclass(frozen=True)
class Outcome:
    """How it ended for one target: won or not, and what it was worth.

    Args:
        source: The system that reported it.
        external_id: Its identifier there.
        lead: The lead's (source, external_id).
        target: What was being predicted ("car_sold").
        won: Whether the lead converted.
        value: What it was worth, in the organisation's currency; None where unknown.
        occurred_at: When it ended.
        recorded_at: When we learned of it.
    """

    source: str
    external_id: str
    lead: tuple[str, str]
    target: str
    won: bool
    value: float | None
    occurred_at: datetime
    recorded_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "occurred_at", in_utc("occurred_at", self.occurred_at))
        object.__setattr__(self, "recorded_at", in_utc("recorded_at", self.recorded_at))
