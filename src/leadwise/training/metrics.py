"""How good predictions were, with bootstrap intervals."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.card import ConversionMetrics, Interval, ValueMetrics
from leadwise.domain.frame import Floats

RESAMPLES = 200
LEVEL = 0.95
BANDS = 10
SMALLEST_PROBABILITY = 1e-12


def log_loss(target: Floats, probability: Floats) -> float:
    """Mean negative log-likelihood, in nats.

    >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.9, 0.1])), 4)
    0.1054
    """
    clipped = np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return float(-np.mean(np.where(target == 1, np.log(clipped), np.log1p(-clipped))))


def roc_auc(target: Floats, score: Floats) -> float | None:
    """Probability that a converted row is scored above one that was not; None where there is one kind only.

    >>> roc_auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    from scipy.stats import rankdata  # noqa: PLC0415 - heavy libraries load when used

    won = float(target.sum())
    lost = len(target) - won
    if not won or not lost:
        return None
    ranks = rankdata(score)
    return float((ranks[target == 1].sum() - won * (won + 1) / 2) / (won * lost))


def average_precision(target: Floats, score: Floats) -> float | None:
    """Area under the precision-recall steps (Zhu 2004); None where nothing converted.

    >>> round(average_precision(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8])), 4)
    0.8333
    """
    won = target.sum()
    if not won:
        return None
    order = np.argsort(-score, kind="stable")
    last_of_ties = np.append(np.diff(score[order]) != 0, True)
    found = np.cumsum(target[order])[last_of_ties]
    called = np.arange(1, len(target) + 1)[last_of_ties]
    return float(np.sum(np.diff(np.append(0, found)) * found / called) / won)


def expected_calibration_error(target: Floats, probability: Floats) -> float:
    """Mean |observed - predicted| over ten bands of equal width, weighted by rows (Naeini et al. 2015).

    >>> round(expected_calibration_error(np.array([1.0, 0.0]), np.array([0.8, 0.2])), 4)
    0.2
    """
    band = np.minimum((probability * BANDS).astype(np.int64), BANDS - 1)
    gap = np.bincount(band, weights=target - probability, minlength=BANDS)
    return float(np.abs(gap).sum() / len(target))


def lift(target: Floats, score: Floats, share: float) -> float | None:
    """Conversion rate among the best-scored `share`, as a multiple of the overall rate; ties are shared out evenly.

    >>> lift(np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), np.arange(10.0), 0.1)
    5.0
    """
    if not target.sum():
        return None
    return float(captured(target, score, np.array([share]))[0] / share)


def captured(target: Floats, score: Floats, shares: Floats) -> Floats:
    """Share of all conversions among the best-scored `shares` of rows, for several shares at once.

    Rows with the same score count as their average, so that the order of the file makes no difference.
    """
    distinct, group = np.unique(-score, return_inverse=True)
    rows = np.cumsum(np.bincount(group, minlength=len(distinct)))
    won = np.cumsum(np.bincount(group, weights=target, minlength=len(distinct)))
    return np.asarray(np.interp(shares * len(target), np.append(0, rows), np.append(0, won)) / target.sum())


def best_threshold(target: Floats, probability: Floats) -> float:
    """The probability from which on calling a row converted gives the highest F1; 0.5 where nothing converted.

    >>> best_threshold(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.3, 0.4]))
    0.3
    """
    if not target.sum():
        return 0.5
    order = np.argsort(-probability, kind="stable")
    found = np.cumsum(target[order])
    called = np.arange(1, len(target) + 1)
    last_of_ties = np.append(np.diff(probability[order]) != 0, True)
    f1 = np.where(last_of_ties, 2 * found / (called + target.sum()), -1)
    return float(probability[order][int(f1.argmax())])


def conversion_metrics(target: Floats, probability: Floats, threshold: float, *, seed: int | None) -> ConversionMetrics:
    """All metrics of probabilities against what happened (1 won, 0 not).

    With a seed, intervals are drawn too; they take two hundred times as long.
    """

    def measure(rows: NDArray[np.intp]) -> dict[str, float | None]:
        return _conversion_values(target[rows], probability[rows], threshold)

    found = measure(np.arange(len(target)))
    intervals = bootstrap(measure, len(target), seed) if seed is not None else {}
    return ConversionMetrics.model_validate({**found, "rows": len(target), "intervals": intervals})


def _conversion_values(target: Floats, probability: Floats, threshold: float) -> dict[str, float | None]:
    called = probability >= threshold
    hits = float((called & (target == 1)).sum())
    precision = hits / float(called.sum()) if called.any() else 0.0
    recall = hits / float(target.sum()) if target.any() else 0.0
    return {
        "log_loss": log_loss(target, probability),
        "roc_auc": roc_auc(target, probability),
        "average_precision": average_precision(target, probability),
        "brier": float(np.mean((probability - target) ** 2)),
        "expected_calibration_error": expected_calibration_error(target, probability),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if hits else 0.0,
        "accuracy": float(np.mean(called == (target == 1))),
        "lift_at_10": lift(target, probability, 0.1),
        "lift_at_20": lift(target, probability, 0.2),
    }


def value_metrics(target: Floats, value: Floats, low: Floats, high: Floats, *, seed: int | None) -> ValueMetrics:
    """All metrics of predicted amounts against true ones; `low` and `high` are the promised intervals' ends."""

    def measure(rows: NDArray[np.intp]) -> dict[str, float | None]:
        return _value_values(target[rows], value[rows], low[rows], high[rows])

    found = measure(np.arange(len(target)))
    intervals = bootstrap(measure, len(target), seed) if seed is not None else {}
    return ValueMetrics.model_validate({**found, "rows": len(target), "intervals": intervals})


def _value_values(target: Floats, value: Floats, low: Floats, high: Floats) -> dict[str, float | None]:
    from scipy.stats import rankdata  # noqa: PLC0415 - heavy libraries load when used

    error = target - value
    mse, spread = float(np.mean(error**2)), float(target.var())
    varied = bool(np.ptp(target)) and bool(np.ptp(value))
    return {
        "mse": mse,
        "mae": float(np.mean(np.abs(error))),
        "r2": 1 - mse / spread if spread else None,
        "rmse": mse**0.5,
        "rank_correlation": float(np.corrcoef(rankdata(target), rankdata(value))[0, 1]) if varied else None,
        "interval_coverage": float(np.mean((low <= target) & (target <= high))),
    }


def bootstrap(
    measure: Callable[[NDArray[np.intp]], dict[str, float | None]], rows: int, seed: int
) -> dict[str, Interval]:
    """95% percentile intervals of what `measure` says of resampled rows (Efron and Tibshirani 1993, chapter 13)."""
    random = np.random.default_rng(seed)
    found = [measure(random.integers(0, rows, rows)) for _ in range(RESAMPLES)]
    tail = (1 - LEVEL) / 2
    intervals = {}
    for name in found[0]:
        values = [value for resample in found if (value := resample[name]) is not None]
        if values:
            low, high = np.quantile(values, [tail, 1 - tail])
            intervals[name] = (float(low), float(high))
    return intervals
