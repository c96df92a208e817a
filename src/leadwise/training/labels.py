"""What became of a lead after an instant: the one place that may look ahead."""

from collections.abc import Iterable
from datetime import datetime

from leadwise.domain.clock import in_utc, visible
from leadwise.domain.lead import Outcome
from leadwise.domain.target import Target


def label(outcomes: Iterable[Outcome], target: Target, *, as_of: datetime, now: datetime) -> bool | None:
    """Whether a lead is won within the target's horizon after `as_of`, judged by what is known `now`.

    Args:
        outcomes: The lead's outcomes, in any order; those of other targets do not count.
        target: What is predicted.
        as_of: The instant from which the prediction looks ahead.
        now: The instant up to which outcomes are known.

    Returns:
        None where there is nothing to learn: the lead had already ended at `as_of`, or the horizon has not passed.

    >>> from datetime import UTC, timedelta
    >>> target = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,))
    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> day_9, day_90 = start + timedelta(days=9), start + timedelta(days=90)
    >>> sale = Outcome("crm", "1", ("crm", "A"), "sold", True, 20_000, day_9, day_9)
    >>> label([sale], target, as_of=start, now=day_90), label([], target, as_of=start, now=day_90)
    (True, False)
    >>> label([sale], target, as_of=day_90, now=day_90) is None, label([sale], target, as_of=start, now=day_9) is None
    (True, True)
    """
    as_of, now = in_utc("as_of", as_of), in_utc("now", now)
    until = as_of + target.horizon
    if until > now:
        # Also where a win is known already. Of the newest leads, only the won ones would have a label: a model would
        # learn that new leads always buy.
        return None
    known = [
        each for each in outcomes if each.target == target.name and visible(each.occurred_at, each.recorded_at, now)
    ]
    if any(each.occurred_at <= as_of for each in known):
        return None
    return any(each.won and each.occurred_at <= until for each in known)
