"""What became of leads after a moment: the one place that may look ahead."""

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from leadwise.domain.card import Task
from leadwise.domain.frame import Floats
from leadwise.domain.history import History, microseconds
from leadwise.domain.target import Target
from leadwise.training.stamps import Stamps, whole

MICROSECONDS_PER_DAY = 86_400_000_000
_DIGITS = 6
"""Sums are rounded to so many, so that the order of adding does not show."""


def labels(target: Target, history: History, moments: pa.Table, now: datetime) -> "pa.Array[Any]":
    """What is to be learnt of each moment, judged by what is known now.

    Args:
        target: What is predicted. An outcome at the very end of its horizon still counts.
        history: Its outcomes say what became of the leads.
        moments: `lead` and `as_of`.
        now: The instant up to which outcomes are known.

    Returns:
        By moment: whether the lead is won within the horizon (bool), or, of a target of value, the sum of what it
        brought within the horizon (float64). Null where there is nothing to learn: the horizon has not passed, or the
        lead had ended already, even if its end was recorded later.

    >>> from datetime import UTC, timedelta
    >>> from leadwise.domain.history import EVENTS, LEADS, MOMENTS, OUTCOMES, STATEMENTS
    >>> target = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,))
    >>> start, day = datetime(1970, 1, 1, tzinfo=UTC), 86_400_000_000
    >>> sale = pa.table([[1], [True], [20_000.0], [9 * day], [9 * day]], schema=OUTCOMES)
    >>> history = History(LEADS.empty_table(), STATEMENTS.empty_table(), EVENTS.empty_table(), sale)
    >>> moments = pa.table([[1, 2, 1], [0, 0, 10 * day]], schema=MOMENTS)
    >>> labels(target, history, moments, start + timedelta(days=90)).to_pylist()
    [True, False, None]
    >>> labels(target, history, moments, start + timedelta(days=59)).to_pylist()
    [None, None, None]
    """
    known_until = microseconds(now)
    lead, at, recorded_at = whole(history.outcomes, "lead", "occurred_at", "recorded_at")
    known = (at <= known_until) & (recorded_at <= known_until)
    outcomes, stamps = history.outcomes.filter(pa.array(known)), Stamps(lead[known], at[known])
    lead, as_of = whole(moments, "lead", "as_of")
    until = as_of + target.horizon_days * MICROSECONDS_PER_DAY
    nothing = until > known_until
    if not target.repeats:
        nothing |= stamps.sums(np.ones(outcomes.num_rows), lead, as_of) > 0
    values = _worth(target, outcomes)
    brought = stamps.sums(values, lead, until) - stamps.sums(values, lead, as_of)
    if target.task is Task.CONVERSION:
        return pa.array(brought > 0, mask=nothing)
    return pa.array(np.round(brought, _DIGITS), mask=nothing)


def _worth(target: Target, outcomes: pa.Table) -> Floats:
    """What each outcome adds: one for a win, or what it brought."""
    won = np.asarray(outcomes["won"].to_numpy(), dtype=np.float64)
    if target.task is Task.CONVERSION:
        return won
    value = np.asarray(outcomes["value"].to_numpy(), dtype=np.float64)
    return np.where((won > 0) & np.isfinite(value), value, 0.0)
