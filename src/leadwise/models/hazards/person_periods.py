"""Each lead in each interval of age: how many conversions were to be expected of it there, and whether it converted."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.models.hazards.spans import Spans

PRIOR_LEADS, PRIOR_RATE, PRIOR_DAYS = 10.0, 0.1, 90.0
"""Ten imagined leads, of whom one converts within ninety days, stand beside the real ones: soon outweighed."""


@dataclass(frozen=True)
class PersonPeriods:
    """Leads by intervals of age, all of shape (rows, intervals) but the hazards.

    What is expected is measured on the scale of all leads' own cumulative hazard, so that nothing is assumed on how
    conversions are spread within an interval, and a model that knows nothing of leads is Kaplan-Meier (Breslow 1974).

    Args:
        hazards: By interval, the cumulative hazard that a lead passes through: -log of the share that stays open.
        expected: Conversions to be expected of each lead while it was watched; 0 where it was not.
        converted: Whether it converted in the interval.
    """

    hazards: Floats
    expected: Floats
    converted: NDArray[np.bool_]

    @property
    def totals(self) -> tuple[Floats, Floats]:
        """By lead, the conversions to be expected of it in all, and 1 where it converted."""
        return np.asarray(self.expected.sum(axis=1)), np.asarray(self.converted.any(axis=1), dtype=np.float64)

    def joined(self, stage: NDArray[np.intp]) -> Self:
        """The leads in fewer, longer intervals.

        Args:
            stage: By interval, the number of the longer one that it belongs to, from 0 on.
        """
        belongs = stage[:, None] == np.arange(stage.max() + 1)
        converted = (self.converted @ belongs.astype(np.int64)) > 0
        return type(self)(self.hazards @ belongs, self.expected @ belongs, converted)

    @classmethod
    def of(cls, spans: Spans, ages: Floats) -> Self:
        """The leads in the intervals between these ages; a conversion at an age belongs to the interval it ends.

        Source: Kaplan and Meier 1958; with imagined leads, Susarla and Van Ryzin 1976. Leads that convert at the same
        time share what the first to the last of them would have passed through (Fleming and Harrington 1984).

        >>> spans = Spans(np.array([1.0, 5.0, 20.0]), np.array([True, False, False]))
        >>> periods = PersonPeriods.of(spans, np.array([0.0, 7.0, 14.0]))
        >>> periods.converted.tolist(), (periods.expected > 0).tolist()
        ([[True, False], [False, False], [False, False]], [[True, False], [True, False], [True, True]])
        """
        days = np.minimum(spans.days, ages[-1])
        converts = spans.converted & (spans.days <= ages[-1])
        times = np.unique(np.concatenate([days[converts], ages[1:]]))
        hazard, own = _hazards(days, converts, times)
        cumulative = np.append(0.0, np.cumsum(hazard))
        passed = cumulative[np.searchsorted(times, days, side="right")]
        place = np.searchsorted(times, days[converts])
        passed[converts] += own[place] - hazard[place]
        bounds = np.append(0.0, cumulative[np.searchsorted(times, ages[1:], side="right")])
        expected = np.clip(passed[:, None], bounds[:-1], bounds[1:]) - bounds[:-1]
        happened = converts[:, None] & (days[:, None] > ages[:-1]) & (days[:, None] <= ages[1:])
        happened[converts & (days <= 0), 0] = True  # at once
        return cls(np.diff(bounds), expected, happened)


def _hazards(days: Floats, converts: NDArray[np.bool_], times: Floats) -> tuple[Floats, Floats]:
    """By time, the hazard that those pass who stay open, and that of those who convert right then."""
    watched = len(days) - np.searchsorted(np.sort(days), times, side="left")
    conversions = np.bincount(np.searchsorted(times, days[converts]), minlength=len(times))
    open_before = PRIOR_LEADS * (1 - PRIOR_RATE) ** (np.append(0.0, times[:-1]) / PRIOR_DAYS)
    imagined = open_before - PRIOR_LEADS * (1 - PRIOR_RATE) ** (times / PRIOR_DAYS)
    at_risk = watched + open_before
    hazard = -np.log1p(-(conversions + imagined) / at_risk)
    stayed = at_risk - conversions
    own = 1 + stayed * np.log1p(-conversions / at_risk) / np.maximum(conversions, 1)
    return hazard, own
