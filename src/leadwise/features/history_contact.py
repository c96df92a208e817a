"""Who answered whom, how fast, and who waits for whom. Hours are those of the clock, nights included."""

from leadwise.domain.target import Actor
from leadwise.features.history_columns import history_feature
from leadwise.features.history_view import SECONDS_PER_HOUR, History


@history_feature(
    "Hours to our first reply",
    unit="hours",
    sentence="We first replied after {value}",
    missing="We have not replied yet",
)
def hours_to_our_first_reply(history: History) -> float | None:
    """Hours from arrival to the first event of ours."""
    ours = history.made_by(Actor.STAFF)
    if not ours:
        return None
    return (ours[0].occurred_at - history.lead.occurred_at).total_seconds() / SECONDS_PER_HOUR


@history_feature(
    "Hours to their first reply",
    unit="hours",
    sentence="Answered our first message after {value}",
    missing="Has not answered us",
)
def hours_to_their_first_reply(history: History) -> float | None:
    """Hours from our first event to the lead's first one after it."""
    ours = history.made_by(Actor.STAFF)
    if not ours:
        return None
    first = ours[0].occurred_at
    later = (event.occurred_at for event in history.made_by(Actor.LEAD) if event.occurred_at > first)
    answer = next(later, None)
    return None if answer is None else (answer - first).total_seconds() / SECONDS_PER_HOUR


@history_feature("Hours since last heard from", unit="hours", sentence="Last heard from {value} ago")
def hours_since_last_heard_from(history: History) -> float:
    """Hours since the lead's latest event; its arrival is the first."""
    theirs = history.made_by(Actor.LEAD)
    return history.hours_since(theirs[-1].occurred_at if theirs else history.lead.occurred_at)


@history_feature("Hours since anything happened", unit="hours", sentence="Nothing has happened for {value}")
def hours_since_anything_happened(history: History) -> float:
    """Hours since anything happened at all; the arrival is the first event."""
    return history.hours_since(history.events[-1].occurred_at if history.events else history.lead.occurred_at)


@history_feature(
    "Hours waiting for our reply",
    unit="hours",
    sentence="Has waited for our reply for {value}",
    missing="Is not waiting for our reply",
)
def hours_waiting_for_our_reply(history: History) -> float | None:
    """Hours since the lead's latest event, unless an event of ours came at the same time or after it."""
    theirs, ours = history.made_by(Actor.LEAD), history.made_by(Actor.STAFF)
    last_heard = theirs[-1].occurred_at if theirs else history.lead.occurred_at
    if ours and ours[-1].occurred_at >= last_heard:
        return None
    return history.hours_since(last_heard)
