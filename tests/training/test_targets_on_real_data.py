"""Real histories as targets, from the files to training rows: right labels, and nothing of what came later."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.in_process import cli

from leadwise.app.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
DAY = timedelta(days=1)


@pytest.fixture
def leadwise(empty_url, tmp_path, monkeypatch):
    """Runs commands in a folder and a database of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADWISE_DATABASE_URL", empty_url)
    monkeypatch.setenv("LEADWISE_DATA_FOLDER", str(tmp_path))

    def run(*arguments: object) -> None:
        with pytest.raises(SystemExit) as end:
            cli([str(argument) for argument in arguments])
        assert not end.value.code

    return run


def snapshot(name: str, organisation: str) -> tuple[pa.Table, pa.Table]:
    shelf = Path(Settings().feature_store_place) / f"{name}@{organisation}"
    folder = shelf / json.loads((shelf / "latest.json").read_text())["snapshot"]
    return pq.read_table(folder / "features.parquet"), pq.read_table(folder / "training.parquet")


def stored(at: pl.Expr, zone: str) -> pl.Expr:
    return at.dt.cast_time_unit("us").dt.replace_time_zone(zone, ambiguous="earliest").dt.convert_time_zone("UTC")


def owners_of(leadwise, sales: pl.DataFrame, organisation: str) -> tuple[pa.Table, pa.Table]:
    sales.write_parquet("sales.parquet")
    for kind in ("leads", "events", "outcomes"):
        mapping = EXAMPLES / "seattle-mapping.toml"
        new = ("--create-organisation",) if kind == "leads" else ()
        leadwise("import", kind, "sales.parquet", "--map", mapping, "--organisation", organisation, *new)
    blueprint = EXAMPLES / "seattle-owners.toml"
    leadwise("features", "refresh", blueprint, "--as-of", "2016-01-01", "--organisation", organisation)
    return snapshot("resold", organisation)


def test_owners_seen_at_the_ends_of_years_are_known_by_earlier_sales_alone(leadwise, real_file):
    sales = pl.read_parquet(real_file("seattle-home-sales/seattle_sales.parquet"))
    homes = sales["pinx"].unique().sort()[::25]
    sales = sales.filter(pl.col("pinx").is_in(homes.implode()))
    at = stored(pl.col("sale_date"), "America/Los_Angeles")
    now = datetime(2016, 1, 1, tzinfo=UTC)
    open_leads, rows = owners_of(leadwise, sales, "as it was")

    dated = sales.select("pinx", "sale_price", at=at).sort("at")
    expected = {}
    for year in range(2011, 2016):
        seen = datetime(year, 1, 1, tzinfo=UTC)
        later = dated.filter((pl.col("at") > seen) & (pl.col("at") <= seen + 365 * DAY))
        sold_later, known = set(later["pinx"]), dated.filter(pl.col("at") <= seen)
        expected |= {
            (home, seen): (home in sold_later, float(price))
            for home, price in known.group_by("pinx").agg(pl.last("sale_price")).iter_rows()
        }
    found = {
        (row["lead_id"], row["as_of"]): (row["outcome"], row["Price paid"])
        for row in rows.select(["lead_id", "as_of", "outcome", "Price paid"]).to_pylist()
    }
    assert found == expected
    assert 0.02 < sum(won for won, _ in found.values()) / len(found) < 0.08
    assert set(open_leads["lead_id"].to_pylist()) == set(dated.filter(pl.col("at") <= now)["pinx"])

    past = pl.col("sale_date") < datetime(2015, 12, 31)  # noqa: DTZ001 - as the file has it
    edited = sales.with_columns(sale_price=pl.when(past).then("sale_price").otherwise(pl.col("sale_price") * 7))
    edited = edited.filter(past | (pl.col("sale_date").dt.day() % 2 == 0)).sample(fraction=1, shuffle=True, seed=3)
    assert len(edited) < len(sales)
    other_leads, other_rows = owners_of(leadwise, edited, "edited future")
    assert other_leads.equals(open_leads)
    assert other_rows.equals(rows)


def test_what_is_known_of_winners_alone_is_known_of_no_open_lead(leadwise, real_file):
    folder = real_file("olist-funnel/olist_closed_deals_dataset.csv").parent
    met = pl.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv")
    met = met.filter((pl.col("first_contact_date") >= "2018") & (pl.col("mql_id") < "5"))
    deals = pl.read_csv(folder / "olist_closed_deals_dataset.csv", infer_schema_length=None)
    deals = deals.filter(pl.col("mql_id").is_in(met["mql_id"].implode()))
    met.write_csv("leads.csv")
    deals.write_csv("deals.csv")
    for kind, file, mapping in (
        ("leads", "leads", "mapping"),
        ("leads", "deals", "deals"),
        ("outcomes", "deals", "mapping"),
    ):
        of = ("--map", EXAMPLES / f"olist-{mapping}.toml", "--organisation", "olist")
        leadwise("import", kind, f"{file}.csv", *of, *(("--create-organisation",) if file == "leads" else ()))
    blueprint = EXAMPLES / "olist-sellers.toml"
    leadwise("features", "refresh", blueprint, "--as-of", "2018-09-01", "--organisation", "olist")
    open_leads, rows = snapshot("closed", "olist")
    zone, now, horizon = "America/Sao_Paulo", datetime(2018, 9, 1, tzinfo=UTC), 90 * DAY
    won = deals.select("mql_id", won=stored(pl.col("won_date").str.to_datetime(), zone))
    first = met.select("mql_id", met=stored(pl.col("first_contact_date").str.to_datetime(), zone))
    expected = {
        (lead, begin + age * DAY): end is not None and end <= begin + age * DAY + horizon
        for lead, begin, end in first.join(won, on="mql_id", how="left").iter_rows()
        for age in (0, 7, 14, 30, 60)
        if begin + age * DAY + horizon <= now and (end is None or end > begin + age * DAY)
    }
    found = rows.select(["lead_id", "as_of", "outcome"]).to_pylist()
    assert {(row["lead_id"], row["as_of"]): row["outcome"] for row in found} == expected
    assert sum(expected.values()) > 100
    for name in ("Business segment", "Kind of seller"):
        assert rows[name].null_count == rows.num_rows
        assert open_leads[name].null_count == open_leads.num_rows
