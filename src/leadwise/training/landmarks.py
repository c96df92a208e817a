"""When leads are looked at: past leads at several ages to learn from, and today's open leads to score.

Each past lead gives one row for each instant at which it was still open, with the features of that instant
(landmarking: van Houwelingen, Scandinavian Journal of Statistics 34, 2007). A model learnt from them holds for a lead
of any such age.
"""

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from leadwise.domain.history import MOMENTS, History, microseconds
from leadwise.domain.target import Target
from leadwise.features.engines import Engine
from leadwise.features.history import compute
from leadwise.training.labels import MICROSECONDS_PER_DAY, labels
from leadwise.training.period_ends import period_ends
from leadwise.training.stamps import Stamps, Whole, whole

SOURCE, EXTERNAL_ID = "lead_source", "lead_id"
"""The columns that say which lead a row is of: (source, external_id)."""
GROUP = "group"
"""The same for all rows of a lead, and different between leads: rows of one group are never separated."""
ARRIVED_AT = "arrived_at"
"""When the lead arrived. It orders the rows: a split by it never separates a lead's rows."""
AS_OF = "as_of"
OUTCOME = "outcome"
"""Whether the lead was won within the horizon after `as_of`, or what it brought."""

NOT_FEATURES = (SOURCE, EXTERNAL_ID, GROUP, ARRIVED_AT, AS_OF)
"""The columns beside the features and the outcome. They are written like this; features read as sales would say."""

_INSTANT = pa.timestamp("us", tz="UTC")


def landmarks(target: Target, history: History, now: datetime) -> pa.Table:
    """The moments up to now at which leads are looked at for training, in order of arrival, then of time.

    They are those at the target's ages, counted from the instant at which we learnt of the lead, or at the ends of its
    calendar's periods; of each lead as long as it was open.
    """
    until, leads = microseconds(now), _in_order_of_arrival(history.leads)
    (lead,) = whole(leads, "lead")
    since = _known_since(leads)
    if target.calendar is None:
        as_of = since[:, np.newaxis] + np.array(sorted(target.ages_days), np.int64) * MICROSECONDS_PER_DAY
    else:
        ends = period_ends(target.calendar, int(since.min(initial=until)), until)
        as_of = np.broadcast_to(ends, (len(since), len(ends)))
    repeated = np.broadcast_to(lead[:, np.newaxis], as_of.shape)
    chosen = (as_of <= until) & _open(target, history, repeated, as_of, since[:, np.newaxis])
    return _moments(repeated[chosen], as_of[chosen])


def open_moments(target: Target, history: History, as_of: datetime) -> pa.Table:
    """All leads that are open as of an instant, in order of arrival.

    A lead is open if we know of it, know of no outcome for this target (unless leads are won repeatedly), and it is
    younger than `target.open_days`.
    """
    leads = _in_order_of_arrival(history.leads)
    (lead,) = whole(leads, "lead")
    instant = np.full(len(lead), microseconds(as_of))
    chosen = _open(target, history, lead, instant, _known_since(leads))
    return _moments(lead[chosen], instant[chosen])


def landmark_table(target: Target, history: History, engine: Engine, *, now: datetime) -> pa.Table:
    """What is learnt from: landmarks with `NOT_FEATURES`, features and `OUTCOME`, in order of arrival, then of time.

    Rows of which nothing can be learnt yet, because their horizon has not passed, are left out.
    """
    moments, outcome = learnable_landmarks(target, history, now)
    return _table(target, history, moments, engine).append_column(OUTCOME, outcome)


def learnable_landmarks(target: Target, history: History, now: datetime) -> tuple[pa.Table, "pa.Array[Any]"]:
    """The landmarks of which something can be learnt, with what that is (`labels`)."""
    moments = landmarks(target, history, now)
    outcome = labels(target, history, moments, now)
    learnable = outcome.is_valid()
    return moments.filter(learnable), outcome.filter(learnable)


def open_lead_table(target: Target, history: History, engine: Engine, *, as_of: datetime) -> pa.Table:
    """The leads that are open as of an instant, with `NOT_FEATURES` and features, in order of arrival."""
    return _table(target, history, open_moments(target, history, as_of), engine)


def _table(target: Target, history: History, moments: pa.Table, engine: Engine) -> pa.Table:
    features = compute(target, history, moments, engine).drop_columns(MOMENTS.names)
    return moment_table(history, moments, features)


def _in_order_of_arrival(leads: pa.Table) -> pa.Table:
    return leads.sort_by([(name, "ascending") for name in ("occurred_at", "source", "external_id")])


def _known_since(leads: pa.Table) -> Whole:
    """The first instant at which each lead can be looked at."""
    return np.maximum(*whole(leads, "occurred_at", "recorded_at"))


def _open(target: Target, history: History, lead: Whole, as_of: Whole, since: Whole) -> NDArray[np.bool_]:
    young = (since <= as_of) & (as_of < since + target.open_days * MICROSECONDS_PER_DAY)
    if target.repeats:
        return young
    ended, occurred_at, recorded_at = whole(history.outcomes, "lead", "occurred_at", "recorded_at")
    # An outcome is known from the later of its stamps on: that is the rule of visibility.
    outcomes = Stamps(ended, np.maximum(occurred_at, recorded_at))
    known = outcomes.sums(np.ones(len(ended)), lead.ravel(), as_of.ravel()).reshape(lead.shape)
    return np.asarray(young & (known == 0))


def _moments(lead: Whole, as_of: Whole) -> pa.Table:
    return pa.table([pa.array(lead), pa.array(as_of)], schema=MOMENTS)


def moment_table(history: History, moments: pa.Table, features: pa.Table) -> pa.Table:
    """Features of moments, row by row, with `NOT_FEATURES` in front."""
    place = pc.index_in(moments["lead"], history.leads["lead"])
    leads = history.leads.take(place)
    sources, ids = leads["source"].to_pylist(), leads["external_id"].to_pylist()
    beside = {
        SOURCE: leads["source"],
        EXTERNAL_ID: leads["external_id"],
        # Written as Python writes a pair, so that no two leads share a group whatever their names contain.
        GROUP: pa.array([str(pair) for pair in zip(sources, ids, strict=True)], pa.string()),
        ARRIVED_AT: leads["occurred_at"].cast(_INSTANT),
        AS_OF: moments["as_of"].cast(_INSTANT),
    }
    return pa.table([*beside.values(), *features.columns], names=[*beside, *features.column_names])
