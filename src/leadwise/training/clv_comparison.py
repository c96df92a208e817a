"""How near forecasts came, and which way to forecast is better."""

from collections.abc import Mapping

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.training.clv_forecasts import Forecast, Forecaster
from leadwise.training.clv_report import ForecastQuality
from leadwise.training.metrics import Ranking

BEST_SHARE = 0.2


def measure_forecast(forecast: Forecast, came: Forecast) -> ForecastQuality:
    """A forecast against what came.

    >>> found = measure_forecast(Forecast(np.array([1.0, 0]), np.array([9.0, 0])), Forecast(np.ones(2), np.ones(2)))
    >>> found.spend_mae, found.spend_predicted, found.spend_actual, found.spend_rank_correlation
    (4.5, 9.0, 2.0, None)
    """
    spend, purchases = forecast.spend - came.spend, forecast.purchases - came.purchases
    best = Ranking.of(came.spend, forecast.spend).captured(np.array([BEST_SHARE]))[0] if came.spend.any() else None
    return ForecastQuality(
        spend_mae=float(np.abs(spend).mean()),
        spend_rmse=float((spend**2).mean() ** 0.5),
        spend_rank_correlation=_rank_correlation(forecast.spend, came.spend),
        spend_in_best_fifth=None if best is None else float(best),
        spend_predicted=float(forecast.spend.sum()),
        spend_actual=float(came.spend.sum()),
        purchases_mae=float(np.abs(purchases).mean()),
        purchases_rmse=float((purchases**2).mean() ** 0.5),
        purchases_predicted=float(forecast.purchases.sum()),
        purchases_actual=float(came.purchases.sum()),
    )


def choose(forecasts: Mapping[Forecaster, Forecast], came: Forecast) -> Forecaster:
    """The way with the lowest squared error of spend, if it beats the lifetime model by more than chance.

    That is by more than one standard error of the difference over customers (Breiman, Friedman, Olshen and Stone
    1984, section 3.4.3): the lifetime model has seven parameters, each with a meaning.

    >>> came = Forecast(np.zeros(4), np.array([0.0, 1, 2, 3]))
    >>> flat, sharp = Forecast(np.zeros(4), np.full(4, 9.0)), Forecast(np.zeros(4), np.array([0.0, 1, 2, 4]))
    >>> choose({Forecaster.LIFETIME: flat, Forecaster.BOOSTED: sharp}, came).value
    'gradient_boosting'
    >>> choose({Forecaster.LIFETIME: sharp, Forecaster.NAIVE: flat}, came).value
    'bg_nbd_gamma_gamma'
    """
    errors = {name: (forecast.spend - came.spend) ** 2 for name, forecast in forecasts.items()}
    best = min(errors, key=lambda name: float(errors[name].mean()))
    gain = errors[Forecaster.LIFETIME] - errors[best]
    chance = float(gain.std()) / len(gain) ** 0.5
    return best if gain.mean() > chance else Forecaster.LIFETIME


def _rank_correlation(first: Floats, second: Floats) -> float | None:
    """Spearman's; None where one of them does not vary."""
    from scipy.stats import rankdata  # noqa: PLC0415 - heavy libraries load when used

    if not (np.ptp(first) and np.ptp(second)):
        return None
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
