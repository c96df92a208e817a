"""What happens to simulated leads between the first answer and the end, which is drawn already.

Leads with intent, and leads that are about to be won, do more: that is what a model can see after arrival.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from leadwise.blueprints.simulator_drawn import Drawn, Floats, Values
from leadwise.blueprints.simulator_ends import DAY_HOURS, Ends, Leads
from leadwise.blueprints.simulator_settings import Amount, Change, FollowUp, Happening, SimulatorSettings
from leadwise.domain.target import FIELD_CHANGED

MONTH_HOURS = 30 * DAY_HOURS
MOST_PER_LEAD = 10_000
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Happened:
    """Events of one kind; one entry per event in each array.

    Args:
        kind: What happened.
        lead: The position of the lead that it happened to.
        hours: When, in hours from that lead's arrival.
        numbers: Its particulars.
        changed: The field that changed, where the kind is that of changes.
        value: What it changed to.
    """

    kind: str
    lead: Indices
    hours: Floats
    numbers: dict[str, Floats]
    changed: str | None = None
    value: Values = field(default_factory=lambda: np.empty(0, dtype=object))


def journeys(
    rng: np.random.Generator, settings: SimulatorSettings, leads: Leads, ends: Ends, fields: dict[str, Drawn]
) -> list[Happened]:
    """All that happens to the leads until their ends."""
    found: list[Happened] = []
    if settings.staff is not None:
        answered = np.flatnonzero(leads.replies.answered)
        found.append(Happened(settings.staff.event, answered, leads.replies.hours[answered], {}))
    found.extend(_happens(rng, happening, leads, ends) for happening in settings.happenings)
    for follow_up in settings.follow_ups:
        causes = [each for each in found if each.kind == follow_up.after]
        found.extend(_follows(rng, follow_up, causes, ends))
    found.extend(_changes(rng, change, fields[change.field], len(leads)) for change in settings.changes)
    return [_before_the_end(each, ends) for each in found]


def _happens(rng: np.random.Generator, happening: Happening, leads: Leads, ends: Ends) -> Happened:
    answered = leads.replies.answered
    start = np.where(answered, leads.replies.hours, 0.0)
    seen = np.maximum(np.minimum(ends.hours, leads.until_now) - start, 0.0)
    usual = _usual_number(happening, seen) * np.exp(happening.intent * leads.intent)
    usual = usual * np.where(answered, 1.0, happening.unanswered)
    if happening.won_days is None:
        end = ends.hours if happening.mean is not None else start + seen
        drawn = [_spread_out(rng, happening, usual * np.exp(happening.won * ends.won), start, end)]
    else:
        near = np.maximum(ends.hours - happening.won_days * DAY_HOURS, start)
        share = np.where(ends.won, np.maximum(ends.hours - near, 0) / (happening.won_days * DAY_HOURS), 0.0)
        more = _usual_number(happening, np.full(len(leads), happening.won_days * DAY_HOURS))
        extra = more * np.exp(happening.intent * leads.intent) * np.expm1(happening.won) * share
        drawn = [
            _spread_out(rng, happening, usual, start, start + seen),
            _spread_out(rng, happening, np.maximum(extra, 0.0), near, ends.hours),
        ]
    lead, hours = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    return Happened(happening.event, lead, hours, _amounts(rng, happening.numbers, len(lead)))


def _usual_number(happening: Happening, duration: Floats) -> Floats:
    if happening.mean is not None:
        return np.full(len(duration), happening.mean)
    assert happening.per_30_days is not None
    return happening.per_30_days * duration / MONTH_HOURS


def _spread_out(
    rng: np.random.Generator, happening: Happening, usual: Floats, start: Floats, end: Floats
) -> tuple[Indices, Floats]:
    """So many events of each lead between two instants."""
    number = np.minimum(rng.poisson(np.minimum(usual, MOST_PER_LEAD)), happening.most)
    lead = np.repeat(np.arange(len(usual)), number)
    share = rng.beta(happening.early, happening.late, len(lead))
    return lead, start[lead] + (end - start)[lead] * share


def _follows(
    rng: np.random.Generator, follow_up: FollowUp, causes: Iterable[Happened], ends: Ends
) -> Iterator[Happened]:
    lead, hours = (
        np.concatenate(parts) for parts in zip(*((cause.lead, cause.hours) for cause in causes), strict=True)
    )
    won_share = follow_up.share if follow_up.share_won is None else follow_up.share_won
    follows = rng.random(len(lead)) < np.where(ends.won[lead], won_share, follow_up.share)
    later = hours + follow_up.median_hours * np.exp(follow_up.spread * rng.standard_normal(len(lead)))
    # What would come after the end comes before it instead: nobody takes a test drive after the sale.
    between = hours + (ends.hours[lead] - hours) * rng.uniform(0.2, 0.9, len(lead))
    later = np.where((later >= ends.hours[lead]) & (hours < ends.hours[lead]), between, later)
    numbers = _amounts(rng, follow_up.numbers, int(follows.sum()))
    yield Happened(follow_up.event, lead[follows], later[follows], numbers)
    if follow_up.otherwise is not None:
        yield Happened(follow_up.otherwise, lead[~follows], later[~follows], {})


def _changes(rng: np.random.Generator, change: Change, drawn: Drawn, count: int) -> Happened:
    lead = np.flatnonzero(rng.random(count) < change.share)
    latest = change.within_days * DAY_HOURS
    hours = rng.uniform(min(1.0, latest), latest, len(lead))
    value: Values
    if change.low is not None and change.high is not None:
        before = drawn.values[lead].astype(np.float64)
        known = ~np.isnan(before)
        lead, hours, before = lead[known], hours[known], before[known]
        value = np.round(before * rng.uniform(change.low, change.high, len(lead)), 2).astype(object)
    else:
        value = np.full(len(lead), change.to, dtype=object)
    return Happened(FIELD_CHANGED, lead, hours, {}, change.field, value)


def _amounts(rng: np.random.Generator, numbers: dict[str, Amount], count: int) -> dict[str, Floats]:
    return {
        name: np.round(amount.median * np.exp(amount.spread * rng.standard_normal(count)), 2)
        for name, amount in numbers.items()
    }


def _before_the_end(happened: Happened, ends: Ends) -> Happened:
    kept = happened.hours < ends.hours[happened.lead]
    return Happened(
        happened.kind,
        happened.lead[kept],
        happened.hours[kept],
        {name: values[kept] for name, values in happened.numbers.items()},
        happened.changed,
        happened.value[kept] if happened.changed else happened.value,
    )
