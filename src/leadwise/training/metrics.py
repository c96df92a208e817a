"""How good predictions were, with bootstrap intervals.

Every metric of a conversion model is a sum over the distinct scores, so rows are ranked once and a bootstrap resample
is nothing but other weights. Rows with the same score count as their average: the order of a file makes no difference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import ConversionMetrics, Interval, Task, ValueMetrics
from leadwise.domain.frame import Floats
from leadwise.models.margins import log_losses

RESAMPLES = 200
LEVEL = 0.95
BANDS = 10
SMALLEST_PROBABILITY = 1e-12
ROUNDING = 1e-28
"""A variance below this part of the mean square is rounding."""

Measure = Callable[[Floats], dict[str, float | None]]
"""Metrics of rows with these weights."""


@dataclass(frozen=True)
class Ranking:
    """Converted and other rows by distinct score, the highest first, as sums of weights.

    Args:
        scores: The distinct scores, descending.
        won: Weight of the converted rows with each score.
        rows: Weight of all rows with each score.
    """

    scores: Floats
    won: Floats
    rows: Floats

    @classmethod
    def of(cls, target: Floats, score: Floats) -> Self:
        """Rank rows that all weigh 1."""
        distinct, group = np.unique(-score, return_inverse=True)
        return cls.weighted(-distinct, group, target, np.ones(len(target)))

    @classmethod
    def weighted(cls, scores: Floats, group: NDArray[np.intp], target: Floats, weight: Floats) -> Self:
        """Rank rows by the position of their score among the distinct `scores`."""
        won = np.bincount(group, weights=weight * target, minlength=len(scores))
        rows = np.bincount(group, weights=weight, minlength=len(scores))
        return cls(scores, won.astype(np.float64), rows.astype(np.float64))

    @property
    def roc_auc(self) -> float | None:
        """Probability that a converted row is scored above one that was not; None with one kind only."""
        lost = self.rows - self.won
        pairs = self.won.sum() * lost.sum()
        if not pairs:
            return None
        won_above = np.cumsum(self.won) - self.won / 2
        return float((lost * won_above).sum() / pairs)

    @property
    def average_precision(self) -> float | None:
        """Area under the precision-recall steps (Zhu 2004); None where nothing converted."""
        total = self.won.sum()
        if not total:
            return None
        called = np.maximum(np.cumsum(self.rows), 1e-300)
        return float((self.won * np.cumsum(self.won) / called).sum() / total)

    def captured(self, shares: Floats) -> Floats:
        """Share of all conversions among the best-scored `shares` of rows; nan where nothing converted."""
        rows, won = np.append(0, np.cumsum(self.rows)), np.append(0, np.cumsum(self.won))
        with np.errstate(invalid="ignore"):
            return np.asarray(np.interp(shares * rows[-1], rows, won) / won[-1])

    def lift(self, share: float) -> float | None:
        """Conversion rate among the best-scored `share`, as a multiple of the overall rate."""
        return float(self.captured(np.array([share]))[0] / share) if self.won.any() else None

    def at(self, threshold: float) -> dict[str, float | None]:
        """Precision, recall, F1 and accuracy when rows scored `threshold` or higher are called converted."""
        called = self.scores >= threshold
        hits, calls, won, rows = self.won[called].sum(), self.rows[called].sum(), self.won.sum(), self.rows.sum()
        return {
            "precision": float(hits / calls) if calls else 0.0,
            "recall": float(hits / won) if won else 0.0,
            "f1": float(2 * hits / (calls + won)) if hits else 0.0,
            "accuracy": float((hits + (rows - won) - (calls - hits)) / rows),
        }


def log_loss(target: Floats, probability: Floats) -> float:
    """Mean negative log-likelihood, in nats.

    >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.9, 0.1])), 4)
    0.1054
    """
    return float(_losses(target, probability).mean())


def row_losses(task: Task, target: Floats, margin: Floats) -> Floats:
    """By row what algorithms are compared by: log loss of log-odds, in nats, or squared error of amounts."""
    return log_losses(target, margin) if task is Task.CONVERSION else np.asarray((margin - target) ** 2)


def _losses(target: Floats, probability: Floats) -> Floats:
    clipped = np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return -np.where(target == 1, np.log(clipped), np.log1p(-clipped))


def roc_auc(target: Floats, score: Floats) -> float | None:
    """Probability that a converted row is scored above one that was not; None where there is one kind only.

    >>> roc_auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    return Ranking.of(target, score).roc_auc


def best_threshold(target: Floats, probability: Floats) -> float:
    """The probability from which on calling a row converted gives the highest F1; 0.5 where nothing converted.

    >>> best_threshold(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.3, 0.4]))
    0.3
    """
    ranking = Ranking.of(target, probability)
    if not ranking.won.any():
        return 0.5
    f1 = 2 * np.cumsum(ranking.won) / (np.cumsum(ranking.rows) + ranking.won.sum())
    return float(ranking.scores[int(f1.argmax())])


def conversion_metrics(target: Floats, probability: Floats, threshold: float, *, seed: int | None) -> ConversionMetrics:
    """All metrics of probabilities against what happened (1 won, 0 not). None where they have no meaning.

    Args:
        target: Shape (rows,).
        probability: Shape (rows,).
        threshold: From here on a row is called converted.
        seed: Draws the intervals; None for none.
    """
    distinct, group = np.unique(-probability, return_inverse=True)
    band = np.minimum((probability * BANDS).astype(np.int64), BANDS - 1)
    losses, squares, gaps = _losses(target, probability), (probability - target) ** 2, target - probability

    def measure(weight: Floats) -> dict[str, float | None]:
        ranking = Ranking.weighted(-distinct, group, target, weight)
        rows = weight.sum()
        return {
            "log_loss": float(weight @ losses / rows),
            "roc_auc": ranking.roc_auc,
            "average_precision": ranking.average_precision,
            "brier": float(weight @ squares / rows),
            "expected_calibration_error": float(np.abs(np.bincount(band, weights=weight * gaps)).sum() / rows),
            **ranking.at(threshold),
            "lift_at_10": ranking.lift(0.1),
            "lift_at_20": ranking.lift(0.2),
        }

    found = measure(np.ones(len(target)))
    intervals = bootstrap(measure, len(target), seed)
    return ConversionMetrics.model_validate({**found, "rows": len(target), "intervals": intervals})


def value_metrics(target: Floats, value: Floats, low: Floats, high: Floats, *, seed: int | None) -> ValueMetrics:
    """All metrics of predicted amounts against true ones.

    Args:
        target: The true amounts, shape (rows,).
        value: Predicted ones.
        low: Lower ends of the promised intervals.
        high: Upper ends.
        seed: Draws the intervals of the metrics; None for none.
    """
    from scipy.stats import rankdata  # noqa: PLC0415 - heavy libraries load when used

    error, inside = target - value, ((low <= target) & (target <= high)).astype(np.float64)
    ranks = rankdata(target), rankdata(value)

    def measure(weight: Floats) -> dict[str, float | None]:
        share = weight / weight.sum()
        mse, spread = float(share @ error**2), _variance(target, share)
        return {
            "mse": mse,
            "mae": float(share @ np.abs(error)),
            "r2": 1 - mse / spread if spread else None,
            "rmse": mse**0.5,
            "rank_correlation": _correlation(*ranks, share),
            "interval_coverage": float(share @ inside),
        }

    found = measure(np.ones(len(target)))
    intervals = bootstrap(measure, len(target), seed)
    return ValueMetrics.model_validate({**found, "rows": len(target), "intervals": intervals})


def _correlation(first: Floats, second: Floats, share: Floats) -> float | None:
    """Correlation of weighted rows; None where one of them does not vary."""
    scale = np.sqrt(_variance(first, share) * _variance(second, share))
    return float(share @ ((first - share @ first) * (second - share @ second)) / scale) if scale else None


def _variance(values: Floats, share: Floats) -> float:
    """Of weighted rows; exactly 0 where they do not vary, though sums of the same number may round apart."""
    variance = float(share @ (values - share @ values) ** 2)
    return variance if variance > ROUNDING * float(share @ values**2) else 0.0


def bootstrap(measure: Measure, rows: int, seed: int | None) -> dict[str, Interval]:
    """95% percentile intervals of what resampled rows give (Efron and Tibshirani 1993, chapter 13); none without seed.

    Args:
        measure: Is called with how often each row was drawn.
        rows: Number of rows.
        seed: Draws the rows.
    """
    if seed is None:
        return {}
    random = np.random.default_rng(seed)
    found = [measure(_draw(random, rows)) for _ in range(RESAMPLES)]
    tail = (1 - LEVEL) / 2
    intervals = {}
    for name in found[0]:
        values = [value for resample in found if (value := resample[name]) is not None]
        if values:
            low, high = np.quantile(values, [tail, 1 - tail])
            intervals[name] = (float(low), float(high))
    return intervals


def _draw(random: np.random.Generator, rows: int) -> NDArray[np.float64]:
    return np.bincount(random.integers(0, rows, rows), minlength=rows).astype(np.float64)
