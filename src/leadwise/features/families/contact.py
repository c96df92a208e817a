"""Who answered whom, how fast, and who waits for whom. Hours are those of the clock, nights included."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from leadwise.domain.target import Actor, Target
from leadwise.features.definition import Aggregate, FeatureDefinition, family, of_changes, of_events
from leadwise.features.engines import Dialect
from leadwise.features.sql import count_of, hours, is_any, where
from leadwise.features.values import saying


@family
def contact(target: Target, dialect: Dialect) -> Iterable[FeatureDefinition]:
    """Reply times and waiting, of targets that say who makes which kind of event happen."""
    theirs, ours = _made_by(target, Actor.LEAD), _made_by(target, Actor.STAFF)
    if target.kinds_by(Actor.STAFF):
        yield from _our_replies(target, theirs, ours)
    if target.kinds_by(Actor.LEAD):
        yield _last_heard_from(target, theirs)
    if target.kinds_by(Actor.STAFF) and target.kinds_by(Actor.LEAD):
        yield from _their_replies(target, dialect, theirs, ours)
    yield _anything(target)


def _our_replies(target: Target, theirs: str, ours: str) -> Iterator[FeatureDefinition]:
    yield _hours(
        target,
        name="Hours to our first reply",
        sentence="We first replied after {value}",
        missing="We have not replied yet",
        value=hours("{first} - arrived_at"),
        aggregates=of_events(first=where("min", "occurred_at", ours)),
    )
    last_heard = "coalesce({heard}, arrived_at)"
    yield _hours(
        target,
        name="Hours waiting for our reply",
        sentence="Has waited for our reply for {value}",
        missing="Is not waiting for our reply",
        value=f"CASE WHEN {{ours}} >= {last_heard} THEN NULL ELSE {hours(f'as_of - {last_heard}')} END",
        aggregates=of_events(heard=where("max", "occurred_at", theirs), ours=where("max", "occurred_at", ours)),
    )


def _their_replies(target: Target, dialect: Dialect, theirs: str, ours: str) -> Iterator[FeatureDefinition]:
    yield _hours(
        target,
        name="Hours to their first reply",
        sentence="Answered our first message after {value}",
        missing="Has not answered us",
        value=hours("{answer} - {first}"),
        aggregates=of_events(
            first=where("min", "occurred_at", ours),
            answer=where("min", "occurred_at", theirs, "after_ours"),
        ),
    )
    yield FeatureDefinition(
        name="Engagement rate",
        entity=target.entity,
        unit="events",
        window="",
        dtype=pa.float64(),
        missing="We have not been in touch yet",
        say=saying("Was active {value} times for each time that we were"),
        value="CASE WHEN {ours} > 0 THEN CAST(coalesce({theirs}, 0) AS DOUBLE) / {ours} END",
        aggregates=of_events(theirs=count_of(dialect, theirs), ours=count_of(dialect, ours)),
    )


def _last_heard_from(target: Target, theirs: str) -> FeatureDefinition:
    return _hours(
        target,
        name="Hours since last heard from",
        sentence="Last heard from {value} ago",
        missing="",
        value=hours("as_of - coalesce({heard}, arrived_at)"),
        aggregates=of_events(heard=where("max", "occurred_at", theirs)),
    )


def _anything(target: Target) -> FeatureDefinition:
    return _hours(
        target,
        name="Hours since anything happened",
        sentence="Nothing has happened for {value}",
        missing="",
        value=hours("as_of - coalesce(greatest(coalesce({event}, {change}), coalesce({change}, {event})), arrived_at)"),
        aggregates={**of_events(event="max(occurred_at)"), **of_changes(change="max(occurred_at)")},
    )


def _made_by(target: Target, actor: Actor) -> str:
    """That an event is of a kind that they make happen."""
    return is_any("kind", [place for place, kind in enumerate(target.events) if kind.actor is actor])


def _hours(
    target: Target, *, name: str, sentence: str, missing: str, value: str, aggregates: dict[str, Aggregate]
) -> FeatureDefinition:
    return FeatureDefinition(
        name=name,
        entity=target.entity,
        unit="hours",
        window="",
        dtype=pa.float64(),
        missing=missing,
        say=saying(sentence, "hours"),
        value=value,
        aggregates=aggregates,
    )
