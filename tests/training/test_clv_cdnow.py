"""The CDNOW sample: the numbers that the literature prints, and what the forecasts are worth on its later half."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from tests.in_process import cli
from typer.testing import CliRunner

from leadwise.training.clv import ClvOptions, LifetimeValues, Unit, forecast_lifetime_values
from leadwise.training.clv_transactions import TransactionColumns

COLUMNS = TransactionColumns("customer", "date", "dollars")
UNTIL = "1997-09-30"
"""The end of week 39."""


@pytest.fixture
def sample(real_file: Callable[[str], Path]) -> pa.Table:
    """Customer, date and dollars of each transaction, as written."""
    rows = [line.split() for line in real_file("cdnow/CDNOW_sample.txt").read_text().splitlines()]
    _, customer, date, _, dollars = map(list, zip(*rows, strict=True))
    return pa.table({"customer": customer, "date": date, "dollars": dollars})


def forecast(table: pa.Table, **options: object) -> LifetimeValues:
    return forecast_lifetime_values(table, ClvOptions(COLUMNS, horizon_days=273, **options))


def test_the_literature_is_reproduced_to_the_printed_digits(sample: pa.Table):
    found = forecast(sample, until=UNTIL, unit=Unit.WEEK)
    report, often = found.report, found.report.bg_nbd
    # Fader, Hardie and Lee 2005, Counting Your Customers the Easy Way, Marketing Science 24(2).
    assert [round(value, 3) for value in (often.r, often.alpha, often.a, often.b)] == [0.243, 4.414, 0.793, 2.426]
    assert round(often.log_likelihood, 1) == -9582.4
    # Fader and Hardie 2013, The Gamma-Gamma Model of Monetary Value.
    much = report.gamma_gamma
    assert [round(value, 2) for value in (much.p, much.q, much.gamma)] == [6.25, 3.74, 15.44]
    assert (report.customers, report.repeat_customers) == (2357, 946)
    # Fader, Hardie and Lee 2005, Implementing the BG/NBD Model in Excel: customer 1, 39 weeks ahead.
    first = found.table.slice(0, 1).to_pylist()[0]
    assert (first["customer"], round(first["expected_purchases"], 3)) == ("0001", 1.226)


def test_the_holdout_is_forecast_better_than_by_the_naive_rule(sample: pa.Table):
    report = forecast(sample, until=UNTIL).report
    assert report.holdout is not None
    quality = report.holdout.models
    assert (report.holdout.days, report.holdout.customers) == (273, 2357)
    assert quality[report.chosen].spend_mae < quality["naive"].spend_mae
    assert quality[report.chosen].spend_rmse < quality["naive"].spend_rmse
    assert quality[report.chosen].spend_in_best_fifth > 0.6
    assert 0.75 <= report.holdout.interval_coverage <= 0.95
    assert quality["naive"].purchases_actual == 1882  # weeks 40 to 78 of the paper


@pytest.mark.slow
def test_the_command_prints_the_same_as_json(sample: pa.Table, tmp_path: Path):
    from leadwise.connectors.tables import write_table  # noqa: PLC0415

    write_table(sample, tmp_path / "sample.csv")
    arguments = ["clv", str(tmp_path / "sample.csv"), "--customer", "customer", "--time", "date"]
    arguments += ["--amount", "dollars", "--horizon-days", "273", "--unit", "week", "--until", UNTIL, "--json"]
    printed = json.loads(CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout)
    assert printed == json.loads(forecast(sample, until=UNTIL).report.model_dump_json())
