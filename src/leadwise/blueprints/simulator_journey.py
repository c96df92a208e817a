"""What happens to a simulated lead after it arrived, once chance has decided whether it ends in a sale.

Drawing the end first and the way there afterwards keeps the probability of a sale exactly as given. People with intent,
and people who are about to buy, reply more often, book test drives, and come to them.
"""

from dataclasses import dataclass, field

import numpy as np

from leadwise.domain.lead import Fields
from leadwise.domain.target import FIELD_CHANGED

DAY_HOURS = 24.0


@dataclass(frozen=True)
class Course:
    """What chance decided for one lead.

    Args:
        fields: What it showed on arrival.
        intent: Its hidden intent, in log-odds.
        reply_hours: When staff first replied, in hours from arrival; None for never.
        sold: Whether it ends in a sale.
        horizon_hours: A sale falls within this time.
    """

    fields: Fields
    intent: float
    reply_hours: float | None
    sold: bool
    horizon_hours: float


@dataclass(frozen=True)
class Moment:
    """Something that happens so many hours after arrival."""

    hours: float
    kind: str
    fields: Fields = field(default_factory=dict)


def end_hours(rng: np.random.Generator, course: Course) -> float:
    """Hours until the sale, or until the buyer has lost interest; never before the first reply."""
    start = course.reply_hours or 0.0
    typical = 9 * DAY_HOURS if course.sold else 10 * DAY_HOURS
    end = start + 2 + rng.lognormal(np.log(typical), 0.7)
    return float(min(end, course.horizon_hours - 1)) if course.sold else float(end)


def moments(rng: np.random.Generator, course: Course, end: float) -> list[Moment]:
    """What happens from arrival to that end, oldest first."""
    happened = [*_conversation(rng, course, end), *_test_drive(rng, course, end), *_new_price(rng, course.fields)]
    return sorted((moment for moment in happened if moment.hours < end), key=lambda moment: moment.hours)


def _conversation(rng: np.random.Generator, course: Course, end: float) -> list[Moment]:
    if course.reply_hours is None:
        return [Moment(rng.uniform(20, 72), "message_received")] if rng.random() < 0.3 else []  # noqa: PLR2004
    talk = [Moment(course.reply_hours, "message_sent")]
    for _ in range(rng.poisson(np.exp(-0.5 + 0.5 * course.intent + 0.8 * course.sold))):
        heard = _between(course.reply_hours, end, rng.beta(1, 2.5))
        talk.append(Moment(heard, "message_received"))
        if rng.random() < 0.85:  # noqa: PLR2004 - share of messages that are answered
            talk.append(Moment(heard + rng.lognormal(np.log(2), 0.9), "message_sent"))
    return talk


def _test_drive(rng: np.random.Generator, course: Course, end: float) -> list[Moment]:
    books = 1 / (1 + np.exp(1.9 - 0.6 * course.intent - 2.4 * course.sold))
    if course.reply_hours is None or rng.random() >= books:
        return []
    booked = _between(course.reply_hours, end, rng.uniform(0.1, 0.5))
    drive = _between(course.reply_hours, end, rng.uniform(0.55, 0.95))
    comes = rng.random() < (0.95 if course.sold else 0.65)
    return [Moment(booked, "test_drive_booked"), Moment(drive, "test_drive_held" if comes else "test_drive_missed")]


def _new_price(rng: np.random.Generator, fields: Fields) -> list[Moment]:
    """Some vehicles become cheaper while somebody asks about them. It changes no one's mind in this process."""
    if rng.random() >= 0.2:  # noqa: PLR2004 - share of vehicles
        return []
    factor, hours = rng.uniform(0.94, 0.98), rng.uniform(1, 21) * DAY_HOURS
    changed = {"asking_price": round(fields["asking_price"] * factor, -1)}
    if fields["price_against_market"] is not None:
        changed["price_against_market"] = round(fields["price_against_market"] * factor, 1)
    return [Moment(hours, FIELD_CHANGED, {"field": name, "value": value}) for name, value in changed.items()]


def _between(start: float, end: float, share: float) -> float:
    return start + (end - start) * share
