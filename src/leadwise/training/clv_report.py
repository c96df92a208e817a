"""What `leadwise clv` says of its models: parameters, errors, the choice. Its JSON form is an interface."""

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BgNbdParameters(_Part):
    """Of BG/NBD; `alpha` and the log-likelihood depend on the unit of time."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float


class GammaGammaParameters(_Part):
    """Of Gamma-Gamma; `gamma` is in units of money."""

    p: float
    q: float
    gamma: float


class ForecastQuality(_Part):
    """Forecasts against what came, over customers: per customer in money or purchases, and in total.

    `spend_in_best_fifth` is the share of all money that came from the fifth of customers forecast to spend most;
    None, like the rank correlation, where nothing came or all forecasts are alike.
    """

    spend_mae: float
    spend_rmse: float
    spend_rank_correlation: float | None
    spend_in_best_fifth: float | None
    spend_predicted: float
    spend_actual: float
    purchases_mae: float
    purchases_rmse: float
    purchases_predicted: float
    purchases_actual: float


class Comparison(_Part):
    """Forecasts made as of a day, against the days that followed.

    Args:
        as_of: The last day that forecasts knew of (ISO 8601).
        days: How many days after it they are compared on.
        customers: Known as of that day.
        models: Quality of each way to forecast.
    """

    as_of: str
    days: int
    customers: int
    models: dict[str, ForecastQuality]


class Holdout(Comparison):
    """The comparison on the days after `until`, which no fit and no choice has seen.

    Args:
        interval_coverage: Share of customers whose spend lay within the 80% interval; None where there is none.
    """

    interval_coverage: float | None


class ClvReport(_Part):
    """All that was learnt from transactions.

    Args:
        bg_nbd: How often customers buy and when they leave.
        gamma_gamma: How much they pay.
        unit: Unit of time: day or week.
        until: The last day that was learnt from (ISO 8601).
        horizon_days: How far the forecasts look ahead.
        customers: Who had bought by then.
        repeat_customers: Of these, who had bought on several days.
        transactions: Rows until then.
        holdout: Quality on the days after `until`; None where the file ends with it.
        validation: Quality with the clock rolled back, from which the choice was made; None if the record is too short.
        chosen: Which way the forecasts were made.
        expected_purchases: Of all customers within the horizon.
        expected_spend: Of all customers within the horizon.
        warnings: Sentences on what should not be relied on.
    """

    bg_nbd: BgNbdParameters
    gamma_gamma: GammaGammaParameters
    unit: str
    until: str
    horizon_days: int
    customers: int
    repeat_customers: int
    transactions: int
    holdout: Holdout | None
    validation: Comparison | None
    chosen: str
    expected_purchases: float
    expected_spend: float
    warnings: tuple[str, ...]
