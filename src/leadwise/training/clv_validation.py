"""The clock rolled back: which way would have forecast the latest window best, and how far off it would have been."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from leadwise.domain.frame import Floats
from leadwise.training.clv_comparison import choose, measure_forecast
from leadwise.training.clv_forecasts import (
    BoostedForecast,
    Forecast,
    Forecaster,
    Forecasting,
    LifetimeModel,
    NaiveRule,
    what_came,
)
from leadwise.training.clv_ledger import Ledger, day_name
from leadwise.training.clv_report import Comparison
from leadwise.training.clv_snapshot import Snapshot
from leadwise.training.intervals import ValueIntervals, fit_intervals

FEWEST_CUSTOMERS = 10
FEWEST_REPEATERS = 3
FEWEST_TO_TEACH = 200
"""Customers that trees need; half a hundred of them have to buy in the window."""
FEWEST_BUYERS = 50
PERIODS = 3
"""The record holds two windows and at least as much history before them."""


@dataclass(frozen=True)
class SpendIntervals:
    """80% intervals of spend, learnt on a window and carried over to the horizon in proportion to the forecasts.

    Args:
        on_window: Of the spend in the window.
        window_days: Its length.
    """

    on_window: ValueIntervals
    window_days: int

    def around(self, model: Forecasting, snapshot: Snapshot, horizon_days: int) -> tuple[Floats, Floats]:
        """Lower and upper ends of each customer's spend within the horizon."""
        spend = model.forecast(snapshot, horizon_days).spend
        if horizon_days == self.window_days:
            return self.on_window.around(spend)
        within = model.forecast(snapshot, self.window_days).spend
        low, high = self.on_window.around(within)
        stretch = np.full(len(spend), horizon_days / self.window_days)
        np.divide(spend, within, out=stretch, where=within > 0)
        return np.minimum(low * stretch, spend), np.maximum(high * stretch, spend)


@dataclass(frozen=True)
class Contest:
    """The ways to forecast from a day, and which of them to use.

    Args:
        models: Fitted as of that day.
        chosen: The one to use.
        validation: What the choice was made from; None where the record is too short to roll the clock back.
        intervals: Of the chosen one; None likewise.
    """

    models: Mapping[Forecaster, Forecasting]
    chosen: Forecaster
    validation: Comparison | None
    intervals: SpendIntervals | None

    @property
    def winner(self) -> Forecasting:
        """The chosen way."""
        return self.models[self.chosen]


def is_enough(snapshot: Snapshot) -> bool:
    """Whether parameters can be fitted as of that day."""
    return len(snapshot.customers) >= FEWEST_CUSTOMERS and snapshot.paying_repeaters >= FEWEST_REPEATERS


def hold_contest(ledger: Ledger, now: Snapshot, lifetime: LifetimeModel, horizon_days: int) -> Contest:
    """Forecast the latest window as of its beginning, each way, and choose.

    The window is as long as the horizon, or a third of the record where that is shorter. Trees that are judged on the
    latest window were taught on the one before it; those that are used are taught on the latest.

    Args:
        ledger: The transactions; nothing after `now` is looked at.
        now: What is known on the day to forecast from.
        lifetime: Fitted to it.
        horizon_days: How far forecasts shall look ahead.
    """
    naive = NaiveRule(ledger.first_day)
    models: dict[Forecaster, Forecasting] = {Forecaster.LIFETIME: lifetime, Forecaster.NAIVE: naive}
    window = min(horizon_days, (now.as_of - ledger.first_day) // PERIODS)
    cut, earlier = (Snapshot.of(ledger, now.as_of - back * window, now.unit_days) for back in (1, 2))
    if not (window and is_enough(cut)):
        return Contest(models, Forecaster.LIFETIME, None, None)
    came = what_came(ledger, cut, window)
    at_cut = LifetimeModel.fit(cut)
    rivals: dict[Forecaster, Forecasting] = {Forecaster.LIFETIME: at_cut, Forecaster.NAIVE: naive}
    lessons = what_came(ledger, earlier, window)
    if _can_teach(earlier, lessons) and _can_teach(cut, came):
        rivals[Forecaster.BOOSTED] = BoostedForecast.fit(earlier, lessons, window, at_cut)
        models[Forecaster.BOOSTED] = BoostedForecast.fit(cut, came, window, lifetime)
    forecasts = {name: rival.forecast(cut, window) for name, rival in rivals.items()}
    chosen = choose(forecasts, came)
    intervals = SpendIntervals(fit_intervals(forecasts[chosen].spend, came.spend), window)
    return Contest(models, chosen, compare(forecasts, came, cut, window), intervals)


def _can_teach(snapshot: Snapshot, came: Forecast) -> bool:
    """Whether there is enough for trees to learn from."""
    enough = len(snapshot.customers) >= FEWEST_TO_TEACH and is_enough(snapshot)
    return enough and int((came.spend > 0).sum()) >= FEWEST_BUYERS


def compare(forecasts: Mapping[Forecaster, Forecast], came: Forecast, snapshot: Snapshot, days: int) -> Comparison:
    """The quality of forecasts that were made as of a snapshot, in the order of their names."""
    models = {str(name): measure_forecast(forecasts[name], came) for name in Forecaster if name in forecasts}
    return Comparison(as_of=day_name(snapshot.as_of), days=days, customers=len(snapshot.customers), models=models)
