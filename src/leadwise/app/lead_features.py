"""One lead's features as of an instant, down to the events and statements behind them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import BaseModel

from leadwise.domain.errors import Conflict
from leadwise.domain.history import MOMENTS, History, instant_of, microseconds
from leadwise.domain.target import Target
from leadwise.features.evidence import Behind, Market, evidence
from leadwise.features.history import Value, compute, definitions
from leadwise.scoring.lead_history import read_leads
from leadwise.store.errors import LeadNotFoundError
from leadwise.store.history import find_numbers

if TYPE_CHECKING:  # web processes give facts too, and have no session
    from leadwise.app.target_session import TargetSession


class SeveralLeadsError(Conflict):
    """Several sources have a lead of that identifier."""

    code = "several_leads"

    def __init__(self, lead: str, sources: Sequence[str]) -> None:
        self.lead, self.sources = lead, tuple(sources)
        super().__init__(
            f"One lead was expected, but {lead!r} is in several sources: {', '.join(sources)}; say which with --source."
        )


class Fact(BaseModel):
    """An event, or what was said of a field."""

    occurred_at: datetime
    recorded_at: datetime
    kind: str
    """The kind of event, or the field."""
    value: str | float | dict[str, float] | None
    """What the field was said to hold, or the event's numbers."""


class ExplainedFeature(BaseModel):
    """A feature's value, what sales read of it, and what it was made of."""

    value: Value
    unit: str
    sentence: str
    facts: list[Fact]


class ExplainedLead(BaseModel):
    """A lead's features as of an instant."""

    source: str
    lead: str
    as_of: datetime
    features: dict[str, ExplainedFeature]


def explain_lead(session: "TargetSession", lead: str, source: str | None, as_of: datetime) -> ExplainedLead:
    """A lead's features as of an instant, each with the facts behind it.

    Args:
        session: The target at work.
        lead: The lead's identifier.
        source: Its source; None: any.
        as_of: The instant.

    Raises:
        LeadNotFoundError, SeveralLeadsError: if it is not one lead.
        LeadNotKnownYetError: if it was not known then.
    """
    target = session.target
    with session.database.transaction() as connection:
        found = find_numbers(connection, session.organisation, target.entity, lead, source)
    if not found:
        raise LeadNotFoundError(source or "any source", lead)
    if len(found) > 1:
        raise SeveralLeadsError(lead, sorted(found))
    ((origin, number),) = found.items()
    instant = microseconds(as_of)
    with session.database.transaction() as connection:
        history = read_leads(connection, session.organisation, session.blueprint.target, [number], [instant])
    moment = pa.table([[number], [instant]], schema=MOMENTS)
    values = compute(target, history, moment, session.engine).to_pylist()[0]
    behind = evidence(target, history, number, instant)
    return ExplainedLead(source=origin, lead=lead, as_of=as_of, features=_features(target, history, values, behind))


def _features(
    target: Target, history: History, values: Mapping[str, Value], behind: Mapping[str, Behind]
) -> dict[str, ExplainedFeature]:
    facts = facts_behind(target, history, behind)
    return {
        each.name: ExplainedFeature(
            value=values[each.name],
            unit=each.unit,
            sentence=each.sentence(values[each.name]),
            facts=facts[each.name],
        )
        for each in definitions(target)
    }


def facts_behind(target: Target, history: History, behind: Mapping[str, Behind]) -> dict[str, list[Fact]]:
    """By feature, the facts that one lead's value was made of, oldest first.

    Args:
        target: What is predicted.
        history: Of this lead alone.
        behind: Where each feature's value comes from, in the history.
    """
    events = {row["position"]: _event(target, row) for row in history.events.to_pylist()}
    statements = {row["position"]: _statement(row) for row in history.statements.to_pylist()}
    return {
        name: _in_order(
            [
                *(events[position] for position in found.events),
                *(statements[position] for position in found.statements),
                *([] if found.market is None else [_market(found.market)]),
            ]
        )
        for name, found in behind.items()
    }


def _in_order(facts: list[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.occurred_at, fact.recorded_at))


def _event(target: Target, row: Mapping[str, Any]) -> Fact:
    numbers = {name: row[name] for name in target.numbers if row[name] is not None}
    return Fact(**_stamps(row), kind=row["kind"], value=numbers or None)


def _statement(row: Mapping[str, Any]) -> Fact:
    return Fact(**_stamps(row), kind=row["field"], value=row["text"])


def _market(found: Market) -> Fact:
    at = instant_of(found.as_of)
    return Fact(occurred_at=at, recorded_at=at, kind="market", value={"median": found.median, "prices": found.prices})


def _stamps(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: instant_of(row[name]) for name in ("occurred_at", "recorded_at")}
