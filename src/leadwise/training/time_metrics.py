"""How well probabilities by age did against what happened, with leads that are still open counted for what they are."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.models.hazards.spans import Spans
from leadwise.training.calibration import Z95, wilson_interval

MOST_COMPARED = 10_000
"""Every lead is compared with every conversion: of more leads than this, some are drawn."""


@dataclass(frozen=True)
class ShareByAge:
    """Share of leads that converted by each age, as Kaplan-Meier estimates it.

    Args:
        share: 0 to 1; shape (ages,).
        low: Lower ends of 95% intervals.
        high: Upper ends.
    """

    share: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, spans: Spans, ages: Floats) -> Self:
        """The estimate at these ages, in days.

        Source: Kaplan and Meier 1958; intervals from Greenwood's variance on the log(-log) scale (Kalbfleisch and
        Prentice 1980).

        >>> found = ShareByAge.of(Spans(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 1, 1]) > 0), np.array([1, 3.5]))
        >>> found.share.tolist(), found.low.round(3).tolist(), found.high.round(3).tolist()
        ([0.25, 0.625], [0.039, 0.192], [0.872, 0.989])
        """
        times, at_risk, events = _counts(spans)
        with np.errstate(divide="ignore", invalid="ignore"):  # where all convert, nobody stays open
            open_share = np.cumprod(1 - events / at_risk)
            variance = np.cumsum(events / (at_risk * (at_risk - events)))
        at = np.searchsorted(times, ages, side="right")
        stays = np.append(1.0, open_share)[at]
        spread = np.sqrt(np.append(0.0, variance)[at])
        found = cls(1 - stays, 1 - _bound(stays, spread, +1), 1 - _bound(stays, spread, -1))
        return found._with_ends(spans, ages)

    def _with_ends(self, spans: Spans, ages: Floats) -> Self:
        """Intervals where none or all converted, for which Greenwood has none: those of a plain share (Wilson 1927)."""
        low, high = self.low.copy(), self.high.copy()
        for place in np.flatnonzero((self.share == 0) | (self.share == 1)):
            known = int(np.count_nonzero(spans.converted | (spans.days >= ages[place])))
            low[place], high[place] = wilson_interval(int(self.share[place]) * known, known) if known else (0.0, 1.0)
        return type(self)(self.share, low, high)


def _bound(stays: Floats, spread: Floats, side: int) -> Floats:
    """The upper (+1) or lower end of the interval of the share that stays open; of none or all, that itself."""
    inside = (stays > 0) & (stays < 1)
    log = np.log(np.where(inside, stays, 0.5))
    return np.where(inside, np.exp(log * np.exp(side * Z95 * np.where(inside, spread, 0.0) / log)), stays)


def _counts(spans: Spans) -> tuple[Floats, Floats, Floats]:
    """Distinct times of conversions, how many leads were open just before, and how many converted then."""
    times, events = np.unique(spans.days[spans.converted], return_counts=True)
    at_risk = len(spans) - np.searchsorted(np.sort(spans.days), times, side="left")
    return times, at_risk.astype(np.float64), events.astype(np.float64)


def concordance(spans: Spans, score: Floats, seed: int = 0) -> float | None:
    """Of two leads of whom one is known to have converted first, how often it is the one that was scored higher.

    Equal scores count half. None where there is no such pair.

    Source: Harrell et al. 1982, Evaluating the Yield of Medical Tests (Harrell's C).

    Args:
        spans: What happened.
        score: The higher, the sooner a conversion is expected.
        seed: Draws leads where there are too many to compare all.

    >>> concordance(Spans(np.array([1.0, 2.0, 3.0]), np.array([True, True, False])), np.array([0.9, 0.2, 0.5]))
    0.6666666666666666
    """
    if len(spans) > MOST_COMPARED:
        drawn = np.random.default_rng(seed).choice(len(spans), MOST_COMPARED, replace=False)
        spans, score = spans.take(drawn), score[drawn]
    pairs = right = 0.0
    for lead in np.flatnonzero(spans.converted):
        later = (spans.days > spans.days[lead]) | ((spans.days == spans.days[lead]) & ~spans.converted)
        pairs += np.count_nonzero(later)
        right += np.count_nonzero(score[later] < score[lead]) + 0.5 * np.count_nonzero(score[later] == score[lead])
    return float(right / pairs) if pairs else None


def integrated_brier(spans: Spans, probability: Floats, ages: Floats) -> float:
    """Mean squared error of the probabilities, averaged over ages from 0 to the last one; lower is better.

    Leads whose end is not known at an age are left out there, and leads like them weigh more in their place: by the
    inverse probability of being watched for so long.

    Source: Graf et al. 1999, Assessment and comparison of prognostic classification schemes for survival data.

    Args:
        spans: What happened.
        probability: Shape (rows, ages): of having converted by each age.
        ages: In days, ascending, above 0; somebody must have been watched for the last one.
    """
    scores = [_brier(spans, probability[:, place], age) for place, age in enumerate(ages.tolist())]
    return float(np.trapezoid([0.0, *scores], np.append(0.0, ages)) / ages[-1])


def _brier(spans: Spans, probability: Floats, age: float) -> float:
    won = spans.converted & (spans.days <= age)
    open_still = (spans.days > age) | ((spans.days == age) & ~spans.converted)
    weight = np.zeros(len(spans))
    weight[won] = 1 / _watched_share(spans, spans.days[won])
    weight[open_still] = 1 / _watched_share(spans, np.array([age]))[0]
    return float(np.mean(weight * np.where(won, 1 - probability, probability) ** 2))


def _watched_share(spans: Spans, ages: Floats) -> Floats:
    """Kaplan-Meier's share of leads that are watched until just before these ages."""
    times, at_risk, ended = _counts(Spans(spans.days, ~spans.converted))
    share = np.append(1.0, np.cumprod(1 - ended / at_risk))
    return np.asarray(share[np.searchsorted(times, ages, side="left")])


def log_likelihoods(spans: Spans, cumulative: Floats, ages: Floats) -> Floats:
    """What was seen of each lead, as the logarithm of its probability, in nats. Shape (rows,).

    A conversion counts by the interval it fell into, an open lead by having stayed open until it was last seen.

    Args:
        spans: What was seen; of longer watches only what lies within the ages.
        cumulative: Cumulative hazards at the ages but the first, shape (rows, intervals).
        ages: Bounds of the intervals, from 0 on.
    """
    rows = np.arange(len(spans))
    reached = np.hstack([np.zeros((len(spans), 1)), cumulative])
    days = np.minimum(spans.days, ages[-1])
    converts = spans.converted & (spans.days <= ages[-1])
    interval = np.clip(np.searchsorted(ages, days, side="left") - 1, 0, len(ages) - 2)
    start, end = reached[rows, interval], reached[rows, interval + 1]
    passed = start + (end - start) * (days - ages[interval]) / (ages[interval + 1] - ages[interval])
    with np.errstate(divide="ignore"):
        conversion = -start + np.log(-np.expm1(start - end))
    return np.asarray(np.where(converts, conversion, -passed))
