"""`leadwise clv` as people call it."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.in_process import cli
from typer.testing import CliRunner, Result

from leadwise.connectors.tables import read_table
from leadwise.domain.errors import LeadwiseError

NAMES = ["--customer", "who", "--time", "at", "--amount", "eur"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Eighty customers of four months."""
    random = np.random.default_rng(5)
    lines = ["who,at,eur"]
    for number in range(80):
        days = np.minimum(np.cumsum(random.geometric(random.beta(1, 20), size=6)), 119)
        lines += [f"c{number},{np.datetime64('2026-01-01') + day},{random.gamma(4, 10):.2f}" for day in days]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(path: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["clv", str(path), *NAMES, *more], catch_exceptions=False)


def test_json_is_one_document_and_nothing_else(shop: Path):
    done = run(shop, "--horizon-days", "30", "--until", "2026-03-31", "--unit", "day", "--json")
    found = json.loads(done.stdout)
    assert set(found["bg_nbd"]) == {"r", "alpha", "a", "b", "log_likelihood"}
    assert set(found["gamma_gamma"]) == {"p", "q", "gamma"}
    assert (found["unit"], found["until"], found["horizon_days"]) == ("day", "2026-03-31", 30)
    assert found["holdout"]["models"][found["chosen"]]["spend_actual"] > 0
    assert "Read as comma-separated text" in done.stderr


def test_without_json_it_is_a_page_to_read(shop: Path):
    printed = run(shop, "--horizon-days", "30", "--until", "2026-03-31").stdout
    assert "BG/NBD (unit: week): r " in printed
    assert "Holdout: the 30 days after 2026-03-31" in printed
    assert "Within 30 days about" in printed


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
def test_forecasts_are_written_in_each_format(shop: Path, ending: str):
    out = shop.with_name(f"values{ending}")
    run(shop, "--horizon-days", "30", "--out", str(out))
    table = read_table(out).table
    assert table.num_rows == 80
    assert table.column_names[:2] == ["customer", "probability_active"]


def test_nothing_is_written_where_the_input_is_refused(shop: Path):
    out = shop.with_name("values.csv")
    with pytest.raises(LeadwiseError, match="--horizon-days should be 1 or more"):
        run(shop, "--horizon-days", "0", "--out", str(out))
    with pytest.raises(LeadwiseError, match=r"has \.pdf"):
        run(shop, "--horizon-days", "9", "--out", "values.pdf")
    assert not out.exists()
