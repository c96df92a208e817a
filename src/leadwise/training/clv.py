"""Customer lifetime value from transactions: who is still active, who will buy how often, and for how much."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa

from leadwise.domain.progress import Progress, Silence
from leadwise.training.clv_errors import (
    HorizonNotPositiveError,
    HorizonTooLongError,
    NoRepeatPurchasesError,
    TooFewCustomersError,
    UntilNotADayError,
    UntilTooEarlyError,
)
from leadwise.training.clv_forecasts import LifetimeModel, what_came
from leadwise.training.clv_ledger import Ledger, day_name
from leadwise.training.clv_report import BgNbdParameters, ClvReport, GammaGammaParameters, Holdout
from leadwise.training.clv_snapshot import Snapshot
from leadwise.training.clv_transactions import TransactionColumns, Transactions, read_times, read_transactions
from leadwise.training.clv_validation import FEWEST_CUSTOMERS, FEWEST_REPEATERS, Contest, compare, hold_contest

LONGEST_HORIZON_DAYS = 36_500


class Unit(StrEnum):
    """Unit of time of the fitted parameters."""

    DAY = "day"
    WEEK = "week"

    @property
    def days(self) -> int:
        """Days in one."""
        return 7 if self is Unit.WEEK else 1


@dataclass(frozen=True)
class ClvOptions:
    """What is asked of transactions.

    Args:
        columns: Where the customer, the time and the amount stand.
        horizon_days: How far to look ahead, 1 to 36,500.
        unit: Unit of time of the parameters; forecasts do not depend on it.
        until: The last day to learn from; None: the day of the newest transaction.
    """

    columns: TransactionColumns
    horizon_days: int
    unit: Unit = Unit.WEEK
    until: str | None = None


@dataclass(frozen=True)
class LifetimeValues:
    """Forecasts and what to know of them.

    Args:
        report: Parameters, quality and choice.
        table: One row per customer who had bought by `until`, in the order in which the file first names them.
        notes: Sentences on what was found in the table and done about it.
    """

    report: ClvReport
    table: pa.Table
    notes: tuple[str, ...]


def forecast_lifetime_values(table: pa.Table, options: ClvOptions, progress: Progress | None = None) -> LifetimeValues:
    """Learn from transactions until a day, and forecast each customer from there.

    Transactions after that day decide nothing; forecasts are compared with them.

    Args:
        table: One row per transaction.
        options: What is asked.
        progress: Hears of the work.

    Raises:
        leadwise.domain.errors.LeadwiseError: one of the causes in `training.clv_errors`, or an unknown column.

    >>> rows = {"who": ["a", "b"], "at": ["2026-01-02", "2026-01-03"], "eur": [5, 7]}
    >>> forecast_lifetime_values(pa.table(rows), ClvOptions(TransactionColumns("who", "at", "eur"), 90))
    Traceback (most recent call last):
    leadwise.training.clv_errors.TooFewCustomersError: By 2026-01-03 there are 2 customers, but it takes at least 10 ...
    """
    _check_horizon(options.horizon_days)
    progress = progress or Silence()
    progress.start(total_steps=3)
    progress.step("fitting how often customers buy and for how much")
    transactions = read_transactions(table, options.columns)
    ledger = transactions.ledger
    now = Snapshot.of(ledger, _as_of(options.until, ledger), options.unit.days)
    _check_enough(now, ledger)
    lifetime = LifetimeModel.fit(now)
    progress.step("rolling the clock back, to choose how to forecast")
    contest = hold_contest(ledger, now, lifetime, options.horizon_days)
    progress.step("forecasting")
    values = _tabulate(ledger, now, lifetime, contest, options.horizon_days)
    report = _report(transactions, now, lifetime, contest, options)
    progress.finish()
    return LifetimeValues(report, values, (*transactions.notes, *_note_until(transactions, now)))


def _report(
    transactions: Transactions, now: Snapshot, lifetime: LifetimeModel, contest: Contest, options: ClvOptions
) -> ClvReport:
    """All that was learnt."""
    expected = contest.winner.forecast(now, options.horizon_days)
    return ClvReport(
        bg_nbd=BgNbdParameters.model_validate(lifetime.bg_nbd, from_attributes=True),
        gamma_gamma=GammaGammaParameters.model_validate(lifetime.gamma_gamma, from_attributes=True),
        unit=options.unit,
        until=day_name(now.as_of),
        horizon_days=options.horizon_days,
        customers=len(now.customers),
        repeat_customers=int(now.summary.has_repeated.sum()),
        transactions=int((transactions.day <= now.as_of).sum()),
        holdout=_hold_out(transactions.ledger, now, contest, options.horizon_days),
        validation=contest.validation,
        chosen=contest.chosen,
        expected_purchases=float(expected.purchases.sum()),
        expected_spend=float(expected.spend.sum()),
        warnings=(*lifetime.warnings, *_warn(contest, options.horizon_days)),
    )


def _check_horizon(horizon_days: int) -> None:
    if horizon_days < 1:
        raise HorizonNotPositiveError(horizon_days)
    if horizon_days > LONGEST_HORIZON_DAYS:
        raise HorizonTooLongError(horizon_days, LONGEST_HORIZON_DAYS)


def _as_of(until: str | None, ledger: Ledger) -> int:
    """The last day to learn from; the whole of it counts."""
    if until is None:
        return ledger.last_day
    day = read_times(pa.array([until]))[0]
    if np.isnan(day):
        raise UntilNotADayError(until)
    return int(np.floor(day))


def _check_enough(now: Snapshot, ledger: Ledger) -> None:
    until = day_name(now.as_of)
    if not len(now.customers):
        first = int(ledger.day[ledger.bought].min())
        raise UntilTooEarlyError(until, day_name(first))
    if len(now.customers) < FEWEST_CUSTOMERS:
        raise TooFewCustomersError(len(now.customers), FEWEST_CUSTOMERS, until)
    if now.paying_repeaters < FEWEST_REPEATERS:
        raise NoRepeatPurchasesError(now.paying_repeaters, FEWEST_REPEATERS, len(now.customers), until)


def _hold_out(ledger: Ledger, now: Snapshot, contest: Contest, horizon_days: int) -> Holdout | None:
    """All ways to forecast, against the days after; over as much of the horizon as the file covers."""
    days = min(horizon_days, ledger.last_day - now.as_of)
    if days < 1:
        return None
    came = what_came(ledger, now, days)
    forecasts = {name: model.forecast(now, days) for name, model in contest.models.items()}
    coverage = None
    if contest.intervals is not None:
        low, high = contest.intervals.around(contest.winner, now, days)
        coverage = float(((low <= came.spend) & (came.spend <= high)).mean())
    return Holdout(**dict(compare(forecasts, came, now, days)), interval_coverage=coverage)


def _tabulate(ledger: Ledger, now: Snapshot, lifetime: LifetimeModel, contest: Contest, horizon_days: int) -> pa.Table:
    """The forecasts of each customer, in the order in which the file first names them."""
    expected = contest.winner.forecast(now, horizon_days)
    low = high = np.full(len(now.customers), np.nan)
    if contest.intervals is not None:
        low, high = contest.intervals.around(contest.winner, now, horizon_days)
    known = ledger.appearance[np.isin(ledger.appearance, now.customers)]
    order = np.searchsorted(now.customers, known)
    numbers = {
        "probability_active": lifetime.bg_nbd.probability_active(now.summary),
        "expected_purchases": expected.purchases,
        "expected_spend": expected.spend,
        "spend_low": low,
        "spend_high": high,
    }
    columns = {name: pa.array(values[order], mask=np.isnan(values[order])) for name, values in numbers.items()}
    names = pa.array(ledger.names[known].tolist(), pa.string())
    return pa.table({"customer": names, **columns, "model": pa.array([str(contest.chosen)] * len(known), pa.string())})


def _warn(contest: Contest, horizon_days: int) -> list[str]:
    """What the length of the record leaves open."""
    if contest.validation is None or contest.intervals is None:
        sentence = (
            "The record is too short to roll the clock back: BG/NBD and Gamma-Gamma were used untested, "
            "and spend has no interval."
        )
        return [sentence]
    window = contest.intervals.window_days
    if window < horizon_days:
        sentence = (
            f"The record is too short to try a horizon of {horizon_days} days: the choice and the intervals come from "
            f"the last {window}, and intervals were stretched in proportion."
        )
        return [sentence]
    return []


def _note_until(transactions: Transactions, now: Snapshot) -> list[str]:
    """What the end of the calibration period leaves out, or adds."""
    until, notes = day_name(now.as_of), []
    later = len(transactions.ledger.names) - len(now.customers)
    if later:
        notes.append(f"{later:,} customers who had bought nothing by {until} are not in the result.")
    beyond = now.as_of - transactions.ledger.last_day
    if beyond > 0:
        notes.append(
            f"{until} is {beyond:,} days after the newest transaction; these days count as days without purchases."
        )
    return notes
