"""What was known of one lead at an instant: the only window through which features see a history."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadwise.domain.clock import in_utc, visible
from leadwise.domain.errors import Missing
from leadwise.domain.target import FIELD_CHANGED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from leadwise.domain.lead import Event, Fields, Lead
    from leadwise.domain.target import Actor, Target

SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR


class LeadNotKnownYetError(Missing):
    """A lead was asked for as of an instant at which it was not known."""

    code = "lead_not_known_yet"

    def __init__(self, lead: Lead, as_of: datetime, known_since: datetime) -> None:
        self.lead, self.as_of, self.known_since = lead, as_of, known_since
        super().__init__(
            f"The lead {lead.external_id} of {lead.source} was not known at {as_of.isoformat()}; "
            f"ask for {known_since.isoformat()} or later."
        )


@dataclass(frozen=True)
class History:
    """A lead as of an instant.

    Args:
        target: The words in which events are told: who makes which kind happen.
        lead: The lead as it arrived.
        as_of: The instant.
        fields: Its fields with all changes that were known by then.
        events: What was known to have happened, oldest first.
    """

    target: Target
    lead: Lead
    as_of: datetime
    fields: Fields
    events: tuple[Event, ...]

    def made_by(self, actor: Actor) -> list[Event]:
        """The events that this actor made happen, oldest first."""
        kinds = self.target.kinds_by(actor)
        return [event for event in self.events if event.kind in kinds]

    def hours_since(self, instant: datetime) -> float:
        """Hours from an instant until this one."""
        return (self.as_of - instant).total_seconds() / SECONDS_PER_HOUR


class Timeline:
    """All that is on record of one lead, whenever it happened. `as_of` gives what was known at an instant.

    Args:
        target: The words in which its events are told.
        lead: The lead.
        events: Its events, in any order; the same (source, external_id) delivered twice is one event.
    """

    def __init__(self, target: Target, lead: Lead, events: Iterable[Event] = ()) -> None:
        self.target = target
        self.lead = lead
        self._events = sorted(events, key=_order_of_learning)

    @property
    def key(self) -> tuple[str, str]:
        """The lead's (source, external_id)."""
        return self.lead.source, self.lead.external_id

    @property
    def known_since(self) -> datetime:
        """The first instant as of which there is a history."""
        return max(self.lead.occurred_at, self.lead.recorded_at)

    def as_of(self, instant: datetime) -> History:
        """The lead as it was known at that instant.

        Raises:
            LeadNotKnownYetError: if it was not known at all.
        """
        instant = in_utc("as_of", instant)
        if not visible(self.lead.occurred_at, self.lead.recorded_at, instant):
            raise LeadNotKnownYetError(self.lead, instant, self.known_since)
        # Doubles are removed after the rule of visibility and not before: else an event announced for tomorrow
        # could take the place of the one that was known today.
        known: dict[tuple[str, str], Event] = {}
        for event in self._events:
            if visible(event.occurred_at, event.recorded_at, instant):
                known.setdefault((event.source, event.external_id), event)
        events = tuple(sorted(known.values(), key=_order_of_happening))
        return History(self.target, self.lead, instant, _with_changes(self.lead.fields, events), events)


def timelines(target: Target, leads: Iterable[Lead], events: Iterable[Event]) -> list[Timeline]:
    """One timeline per lead, in order of arrival. A lead delivered twice is one: the first record of it counts.

    Events of leads that are not among `leads` are left aside.
    """
    by_lead: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        by_lead[event.lead].append(event)
    first: dict[tuple[str, str], Lead] = {}
    for lead in sorted(leads, key=lambda lead: (lead.recorded_at, lead.occurred_at, _written(lead.fields))):
        first.setdefault((lead.source, lead.external_id), lead)
    in_order = sorted(first.items(), key=lambda item: (item[1].occurred_at, item[0]))
    return [Timeline(target, lead, by_lead[key]) for key, lead in in_order]


def _order_of_learning(event: Event) -> tuple[object, ...]:
    # The content decides last, so that two versions of an event with equal stamps never depend on delivery order.
    return (event.recorded_at, event.occurred_at, event.kind, _written(event.fields))


def _order_of_happening(event: Event) -> tuple[object, ...]:
    return (event.occurred_at, event.recorded_at, event.source, event.external_id)


def _written(fields: Fields) -> str:
    return json.dumps(fields, sort_keys=True, default=str) if fields else ""


def _with_changes(fields: Fields, events: tuple[Event, ...]) -> Fields:
    changed = dict(fields)
    for event in events:
        if event.kind == FIELD_CHANGED:
            changed[str(event.fields.get("field"))] = event.fields.get("value")
    return changed
