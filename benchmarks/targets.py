"""Two targets of real histories, from the command line to the next months: does what was promised come true?

uv run python benchmarks/targets.py [--out docs/results/targets.md]

The data lie in ../shared/data (or LEADWISE_TEST_DATA); blueprints and mappings are those of docs/examples. Everything
is known up to a day; the open leads' scores of that day are then judged by what happened after it, which no command was
asked for, computed here with polars from the files themselves.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from quality import DATA
from sklearn.metrics import log_loss, roc_auc_score

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
FUNNEL = DATA / "olist-funnel"
SALES = DATA / "seattle-home-sales" / "seattle_sales.parquet"


@dataclass(frozen=True)
class Case:
    title: str
    blueprint: str
    as_of: datetime
    days: int
    budget: int
    imports: tuple[tuple[str, Path | str, str], ...]

    @property
    def until(self) -> datetime:
        return self.as_of + timedelta(days=self.days)


CASES = (
    Case(
        "Seattle: homes sold again within 365 days",
        "seattle-owners.toml",
        datetime(2016, 1, 1, tzinfo=UTC),
        365,
        120,
        tuple((kind, SALES, "seattle-mapping.toml") for kind in ("leads", "events", "outcomes")),
    ),
    Case(
        "Olist: leads that become sellers within 90 days",
        "olist-sellers.toml",
        datetime(2018, 6, 1, tzinfo=UTC),
        90,
        60,
        (
            ("leads", "leads.csv", "olist-mapping.toml"),
            ("leads", FUNNEL / "olist_closed_deals_dataset.csv", "olist-deals.toml"),
            ("events", FUNNEL / "seller_90d_gmv.csv", "olist-orders.toml"),
            ("outcomes", FUNNEL / "olist_closed_deals_dataset.csv", "olist-mapping.toml"),
        ),
    ),
)


def won_later(case: Case, ids: pl.Series) -> np.ndarray:
    """By lead, whether what is predicted happened after `as_of` and within the horizon."""
    if case.blueprint.startswith("seattle"):
        zone, ends = "America/Los_Angeles", pl.read_parquet(SALES).select(id="pinx", at="sale_date")
    else:
        deals = pl.read_csv(FUNNEL / "olist_closed_deals_dataset.csv", infer_schema_length=None)
        zone, ends = "America/Sao_Paulo", deals.select(id="mql_id", at=pl.col("won_date").str.to_datetime())
    ends = ends.with_columns(
        pl.col("at")
        .dt.cast_time_unit("us")
        .dt.replace_time_zone(zone, ambiguous="earliest")
        .dt.convert_time_zone("UTC")
    )
    won = ends.filter((pl.col("at") > case.as_of) & (pl.col("at") <= case.until))["id"]
    return np.isin(ids.to_numpy(), won.to_numpy()).astype(float)


def run(folder: Path, *arguments: object) -> None:
    environment = {**os.environ, "LEADWISE_DATA_FOLDER": str(folder / "data")}
    subprocess.run((sys.executable, "-m", "leadwise", *map(str, arguments)), cwd=folder, env=environment, check=True)


def judge(case: Case) -> str:
    with tempfile.TemporaryDirectory(prefix="lw-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the embedded server runs under an account of its own
        met = pl.read_csv(FUNNEL / "olist_marketing_qualified_leads_dataset.csv")
        met.filter(pl.col("first_contact_date") >= "2018").write_csv(folder / "leads.csv")
        blueprint, day = EXAMPLES / case.blueprint, f"{case.as_of:%Y-%m-%d}"
        for kind, file, by in case.imports:
            run(folder, "import", kind, file, "--map", EXAMPLES / by, "--rejects", f"{kind}.rejects.csv")
        run(folder, "features", "refresh", blueprint, "--as-of", day)
        run(folder, "fit", "--target", blueprint, "--budget", case.budget, "--seed", 1)
        run(folder, "score", "--target", blueprint, "--out", "scores.csv", "--reasons", 1)
        scores = pl.read_csv(folder / "scores.csv")
    won, probability = won_later(case, scores["id"]), scores["probability"].to_numpy()
    return f"{_row(case, won, probability)}\n\n{_tenths(won, probability)}\n"


def _row(case: Case, won: np.ndarray, probability: np.ndarray) -> str:
    base = log_loss(won, np.full(len(won), won.mean()))
    return (
        f"## {case.title}, as of {case.as_of:%Y-%m-%d}\n\n"
        "| open leads | expected | happened | AUC | log loss | the rate alone |\n"
        "| ---: | ---: | ---: | ---: | ---: | ---: |\n"
        f"| {len(won):,} | {probability.sum():,.0f} | {won.sum():,.0f} | {roc_auc_score(won, probability):.3f} | "
        f"{log_loss(won, probability):.4f} | {base:.4f} |"
    )


def _tenths(won: np.ndarray, probability: np.ndarray) -> str:
    parts = np.array_split(np.argsort(-probability), 10)
    cells = [(f"{probability[part].mean():.1%}", f"{won[part].mean():.1%}") for part in parts]
    return (
        f"| tenth of leads, best first | {' | '.join(str(number) for number in range(1, 11))} |\n"
        f"| --- | {' | '.join(['---:'] * 10)} |\n"
        f"| expected | {' | '.join(expected for expected, _ in cells)} |\n"
        f"| happened | {' | '.join(happened for _, happened in cells)} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = "\n".join(judge(case) for case in CASES)
    print(text)
    if options.out is not None:
        options.out.write_text(f"# Targets on real histories\n\nMade by `benchmarks/targets.py`.\n\n{text}")


if __name__ == "__main__":
    main()
