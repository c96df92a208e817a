"""Tables of leads as of instants: past leads at several ages to learn from, and today's open leads to score.

Each past lead gives one row per age at which it was still open, with the features of that instant (landmarking: van
Houwelingen, Scandinavian Journal of Statistics 34, 2007). A model learnt from them holds for a lead of any such age.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import pyarrow as pa

from leadwise.domain.clock import in_utc, visible
from leadwise.domain.lead import Event, Lead, Outcome
from leadwise.domain.target import Target
from leadwise.features.history import Timeline, history_table, timelines
from leadwise.training.labels import label

SOURCE, EXTERNAL_ID = "lead_source", "lead_id"
"""The columns that say which lead a row is of: (source, external_id)."""
GROUP = "group"
"""The same for all rows of a lead, and different between leads: rows of one group are never separated."""
ARRIVED_AT = "arrived_at"
"""When the lead arrived. It orders the rows: a split by it never separates a lead's rows."""
AS_OF = "as_of"
OUTCOME = "outcome"
"""Whether the lead was won within the horizon after `as_of`."""

NOT_FEATURES = (SOURCE, EXTERNAL_ID, GROUP, ARRIVED_AT, AS_OF)
"""The columns beside the features and the outcome. They are written like this; features read as sales would say."""

OutcomesByLead = Mapping[tuple[str, str], list[Outcome]]

_INSTANT = pa.timestamp("us", tz="UTC")


def landmark_table(
    leads: Iterable[Lead], events: Iterable[Event], outcomes: Iterable[Outcome], target: Target, *, as_of: datetime
) -> pa.Table:
    """Past leads at the target's ages, with features, outcome and `NOT_FEATURES`, in order of arrival, then of age.

    Args:
        leads: All leads on record.
        events: All events on record; those of unknown leads are left aside.
        outcomes: All outcomes on record.
        target: What is predicted; its `ages_days` are counted from the instant at which we learnt of the lead.
        as_of: Now. Rows whose horizon has not passed by then are left out.
    """
    as_of, by_lead = in_utc("as_of", as_of), _by_lead(outcomes)
    rows: list[tuple[Timeline, datetime]] = []
    labels: list[bool] = []
    for timeline in timelines(target, leads, events):
        ended = by_lead.get(timeline.key, [])
        for age in sorted(target.ages_days):
            instant = timeline.known_since + timedelta(days=age)
            won = label(ended, target, as_of=instant, now=as_of)
            if won is not None:
                rows.append((timeline, instant))
                labels.append(won)
    return _table(target, rows).append_column(OUTCOME, pa.array(labels, pa.bool_()))


def open_lead_table(
    leads: Iterable[Lead], events: Iterable[Event], outcomes: Iterable[Outcome], target: Target, *, as_of: datetime
) -> pa.Table:
    """The leads that are open as of an instant, with features and `NOT_FEATURES`, in order of arrival.

    A lead is open if we know of it, know of no outcome for this target, and it is younger than `target.open_days`.
    """
    as_of, by_lead = in_utc("as_of", as_of), _by_lead(outcomes)
    rows = [
        (timeline, as_of)
        for timeline in timelines(target, leads, events)
        if _is_open(timeline, by_lead.get(timeline.key, []), as_of)
    ]
    return _table(target, rows)


def _is_open(timeline: Timeline, outcomes: list[Outcome], as_of: datetime) -> bool:
    target, since = timeline.target, timeline.known_since
    ended = any(each.target == target.name and visible(each.occurred_at, each.recorded_at, as_of) for each in outcomes)
    return not ended and since <= as_of < since + timedelta(days=target.open_days)


def _by_lead(outcomes: Iterable[Outcome]) -> OutcomesByLead:
    by_lead: defaultdict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_lead[outcome.lead].append(outcome)
    return by_lead


def _table(target: Target, rows: list[tuple[Timeline, datetime]]) -> pa.Table:
    leads = [timeline.lead for timeline, _ in rows]
    beside = {
        SOURCE: pa.array([lead.source for lead in leads], pa.string()),
        EXTERNAL_ID: pa.array([lead.external_id for lead in leads], pa.string()),
        # Written as Python writes a pair, so that no two leads share a group whatever their names contain.
        GROUP: pa.array([str((lead.source, lead.external_id)) for lead in leads], pa.string()),
        ARRIVED_AT: pa.array([lead.occurred_at for lead in leads], _INSTANT),
        AS_OF: pa.array([instant for _, instant in rows], _INSTANT),
    }
    features = history_table(target, rows)
    return pa.table([*beside.values(), *features.columns], names=[*beside, *features.column_names])
