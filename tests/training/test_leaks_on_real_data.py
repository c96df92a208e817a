"""The leak check on the real tables: every trap that must be found, and no honest column among the leaks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from leadwise.connectors.tables import read_table
from leadwise.domain.column import Leak
from leadwise.training.options import FitOptions
from leadwise.training.preparation import check

SNAPSHOTS = {"Last Activity", "Last Notable Activity"} | {
    f"Asymmetrique {what}" for what in ("Activity Index", "Profile Index", "Activity Score", "Profile Score")
}
FILLED_IN_BY_SALES = {"Tags", "Lead Quality", "Lead Profile"}


def verdicts(table: pa.Table, outcome: str, **options: str) -> dict[Leak, set[str]]:
    report = check(table, FitOptions(outcome=outcome, **options))
    return {leak: {column.name for column in report.columns if column.leak is leak} for leak in Leak}


def test_x_education(real_file):
    found = verdicts(read_table(real_file("x-education/Leads.csv")).table, "Converted")
    assert {"Tags", "Lead Quality"} <= found[Leak.LEAK] <= FILLED_IN_BY_SALES | SNAPSHOTS
    assert found[Leak.SUSPECT] <= FILLED_IN_BY_SALES | SNAPSHOTS


def test_bank_calls(real_file):
    found = verdicts(read_table(real_file("bank-marketing/bank-full.csv")).table, "y")
    assert found[Leak.LEAK] | found[Leak.SUSPECT] == {"duration"}


def olist(real_file, outcome: str) -> tuple[pa.Table, set[str]]:
    leads = pd.read_csv(real_file("olist-funnel/olist_marketing_qualified_leads_dataset.csv"), dtype=str)
    deals = pd.read_csv(real_file("olist-funnel/olist_closed_deals_dataset.csv"), dtype=str)
    joined = leads.merge(deals, on="mql_id", how="left")
    won = joined["won_date"].notna()
    if outcome == "won within 90 days":
        joined = joined[joined["first_contact_date"] >= "2018"]
        waited = pd.to_datetime(joined["won_date"]) - pd.to_datetime(joined["first_contact_date"])
        won = waited <= pd.Timedelta(days=90)
    joined = joined.assign(outcome=np.where(won, "1", "0"))
    return pa.Table.from_pandas(joined, preserve_index=False), set(deals.columns) - {"mql_id"}


@pytest.mark.parametrize("outcome", ["won at all", "won within 90 days"])
@pytest.mark.parametrize("time", [None, "first_contact_date"])
def test_olist_deals(real_file, outcome: str, time: str | None):
    table, of_deals = olist(real_file, outcome)
    found = verdicts(table, "outcome", **({"time_column": time} if time else {}))
    assert found[Leak.LEAK] == of_deals
    assert found[Leak.SUSPECT] == set()


def test_olist_deals_without_the_date_that_gives_them_away(real_file):
    table, of_deals = olist(real_file, "won within 90 days")
    found = verdicts(table.drop_columns(["won_date", "seller_id"]), "outcome")
    assert found[Leak.LEAK] == of_deals - {"won_date", "seller_id"}


def test_absent_data_skip_a_test_and_fail_it_in_ci(real_file, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("LEADWISE_TEST_DATA", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no part of the project"):
        real_file("nowhere.csv")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no part of the project"):
        real_file("nowhere.csv")
