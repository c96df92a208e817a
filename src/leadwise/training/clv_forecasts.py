"""Three ways to say what customers will buy: two models of behaviour, trees that correct them, and a naive rule."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, Self

from leadwise.domain.frame import Floats
from leadwise.models.clv.bg_nbd import BgNbd, fit_bg_nbd
from leadwise.models.clv.gamma_gamma import GammaGamma, fit_gamma_gamma
from leadwise.models.clv.spend_boosting import PURCHASES, SPEND, ForecastBoosting
from leadwise.training.clv_ledger import Ledger
from leadwise.training.clv_snapshot import Snapshot, history_frame


class Forecaster(StrEnum):
    """The ways, as reports name them."""

    LIFETIME = "bg_nbd_gamma_gamma"
    BOOSTED = "gradient_boosting"
    NAIVE = "naive"


@dataclass(frozen=True)
class Forecast:
    """What is expected of each customer within a horizon, or what came; arrays of shape (customers,).

    Args:
        purchases: Days with purchases.
        spend: Money.
    """

    purchases: Floats
    spend: Floats


class Forecasting(Protocol):
    """A fitted way to forecast."""

    def forecast(self, snapshot: Snapshot, horizon_days: int) -> Forecast:
        """What each customer of the snapshot will buy in the days that follow it."""


@dataclass(frozen=True)
class LifetimeModel:
    """BG/NBD for how often, Gamma-Gamma for how much; the product is the expected spend (both are independent).

    Source: Fader, Hardie and Lee 2005, RFM and CLV: Using Iso-Value Curves for Customer Base Analysis.
    """

    bg_nbd: BgNbd
    gamma_gamma: GammaGamma

    @classmethod
    def fit(cls, snapshot: Snapshot) -> Self:
        """Both models, by maximum likelihood; somebody must have come back and paid."""
        return cls(fit_bg_nbd(snapshot.summary), fit_gamma_gamma(snapshot.summary))

    def forecast(self, snapshot: Snapshot, horizon_days: int) -> Forecast:
        """Expected purchases, and these times the expected amount."""
        purchases = self.bg_nbd.expected_purchases(snapshot.summary, horizon_days / snapshot.unit_days)
        return Forecast(purchases, purchases * self.gamma_gamma.expected_value(snapshot.summary))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should not be relied on."""
        return tuple(each for each in (self.bg_nbd.warning, self.gamma_gamma.warning) if each)


@dataclass(frozen=True, eq=False)
class BoostedForecast:
    """Trees on recency, frequency, money, age and trends, started from the forecast of the lifetime model.

    Starting there, they carry over to a horizon that is longer than the window that they were taught on.

    Args:
        lifetime: Fitted as of the snapshot that is forecast from.
        purchases: What to multiply its purchases by.
        spend: What to multiply its spend by.
        window_days: How far the targets looked ahead.
    """

    lifetime: LifetimeModel
    purchases: ForecastBoosting
    spend: ForecastBoosting
    window_days: int

    @classmethod
    def fit(cls, past: Snapshot, came: Forecast, window_days: int, lifetime: LifetimeModel) -> Self:
        """Learn from what followed an earlier day.

        Args:
            past: Customers as they were known on that day.
            came: What they bought in the window after it.
            window_days: The window's length.
            lifetime: Fitted as of the day to forecast from; the one of the earlier day is fitted here.
        """
        frame, expected = history_frame(past, window_days), LifetimeModel.fit(past).forecast(past, window_days)
        purchases = ForecastBoosting.fit(frame, came.purchases, expected.purchases, PURCHASES)
        spend = ForecastBoosting.fit(frame, came.spend, expected.spend, SPEND)
        return cls(lifetime, purchases, spend, window_days)

    def forecast(self, snapshot: Snapshot, horizon_days: int) -> Forecast:
        """The lifetime model's forecast, corrected."""
        expected, factors = self.lifetime.forecast(snapshot, horizon_days), _factors(self, snapshot)
        return Forecast(expected.purchases * factors.purchases, expected.spend * factors.spend)


@lru_cache(maxsize=2)
def _factors(model: BoostedForecast, snapshot: Snapshot) -> Forecast:
    """What to multiply purchases and spend by: the same for every horizon, and by far the longest part of the work."""
    frame = history_frame(snapshot, model.window_days)
    return Forecast(model.purchases.factors(frame), model.spend.factors(frame))


@dataclass(frozen=True)
class NaiveRule:
    """Repeat purchases of the time ahead will be those of the same time before; at their pace if the record is shorter.

    Args:
        first_day: The day on which the record begins.
    """

    first_day: int

    def forecast(self, snapshot: Snapshot, horizon_days: int) -> Forecast:
        """What each customer bought again in the last so many days."""
        look_back = min(horizon_days, snapshot.as_of - self.first_day + 1)
        purchases, spend = snapshot.recent(look_back, repeats_only=True)
        pace = horizon_days / look_back
        return Forecast(purchases * pace, spend * pace)


def what_came(ledger: Ledger, snapshot: Snapshot, horizon_days: int) -> Forecast:
    """What the customers of a snapshot bought in the days that followed it. The only look ahead."""
    return Forecast(*ledger.totals(snapshot.customers, snapshot.as_of, snapshot.as_of + horizon_days))
