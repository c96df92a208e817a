"""Honest cuts through time: a model knows what was known at the cut, and is asked about leads created later."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from leadwise.domain.time_to_convert import HORIZONS
from leadwise.training.timeline import Timeline, end_of_day

ENOUGH_CONVERSIONS = 10
"""With fewer nothing is learnt that tells leads apart: open leads count too, so fewer do than of outcomes."""
NEWEST_SHARE = 0.2
"""At least this share of the leads is held out."""
WATCH_SHARE = 1 / 3
"""Share of the record that is kept to watch the leads held out, but no more days than the longest horizon."""
MOST_FOLDS = 2


@dataclass(frozen=True)
class Cut:
    """One cut.

    Args:
        instant: The cut.
        before: Leads created until the cut, and no conversion later than that.
        after: Leads created later, with all that is known of them.
    """

    instant: float
    before: Timeline
    after: Timeline

    @property
    def tested_days(self) -> float:
        """The longest horizon at which leads after the cut can be compared; 0 where there is none."""
        reach = min(self.before.observed_days, self.after.observed_days)
        return float(max((days for days in HORIZONS if days <= reach), default=0))


def find_cut(timeline: Timeline) -> Cut | None:
    """The cut that holds out the newest leads and watches them for long enough; None where too little is known.

    >>> from leadwise.training.timeline import Timeline
    >>> created = np.arange(300) / 3
    >>> won = np.where(np.arange(300) % 3, np.nan, created + 2)
    >>> timeline = Timeline(np.arange(300), created, won, as_of=100.0, ever=won > 0)
    >>> cut = find_cut(timeline)
    >>> round(cut.instant), len(cut.before), bool(cut.before.spans.days.max() <= 66), cut.tested_days
    (66, 198, True, 30.0)
    """
    if not len(timeline):
        return None
    window = timeline.as_of - timeline.created[0]
    watch = min(HORIZONS[-1], window * WATCH_SHARE)
    newest = float(np.quantile(timeline.created, 1 - NEWEST_SHARE))
    instant = end_of_day(min(newest, timeline.as_of - watch) - 1)
    cut = Cut(instant, timeline.known_at(instant), timeline.created_after(instant))
    learnable = cut.before.spans.converted.sum() >= ENOUGH_CONVERSIONS
    return cut if learnable and cut.after.spans.converted.any() and cut.tested_days else None


def validation_cuts(timeline: Timeline) -> Iterator[Cut]:
    """Earlier cuts, the latest first; each is made in what was known at the one before."""
    known = timeline
    for _ in range(MOST_FOLDS):
        cut = find_cut(known)
        if cut is None:
            return
        yield cut
        known = cut.before
