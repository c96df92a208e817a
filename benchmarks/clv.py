"""Lifetime value on later data: BG/NBD x Gamma-Gamma, boosted trees and a naive rule, on CDNOW, in the same run.

uv run python benchmarks/clv.py [--out docs/results/clv.md]

CDNOW lies in ../shared/data (or LEADWISE_TEST_DATA). Forecasts know the first 39 weeks of 1997 (until 1997-09-30) and
are compared with what came in the 13 and the 39 weeks after it, for the 1-in-10 sample of the literature and for all.
"""

import argparse
import time
from pathlib import Path

import pyarrow as pa
from quality import DATA

from leadwise.training.clv import ClvOptions, Unit, forecast_lifetime_values
from leadwise.training.clv_report import ClvReport
from leadwise.training.clv_transactions import TransactionColumns

FILES = {"sample": "CDNOW_sample.txt", "all": "CDNOW_master.txt"}
UNTIL = "1997-09-30"
HORIZONS = (91, 273)
CELLS = ("customers", "days", "model", "MAE", "RMSE", "rank corr.", "best fifth's share", "predicted", "actual", "")


def transactions(name: str) -> pa.Table:
    """Columns stand apart by blanks: [number in all,] customer, date, discs, dollars; one file has a header."""
    lines = (line.split() for line in (DATA / "cdnow" / FILES[name]).read_text().splitlines())
    rows = [cells[-4:] for cells in lines if cells[-1][0].isdigit()]
    customer, date, _, dollars = map(list, zip(*rows, strict=True))
    return pa.table({"customer": customer, "date": date, "dollars": dollars})


def forecast(table: pa.Table, horizon_days: int) -> tuple[ClvReport, float]:
    options = ClvOptions(TransactionColumns("customer", "date", "dollars"), horizon_days, Unit.WEEK, UNTIL)
    started = time.perf_counter()
    found = forecast_lifetime_values(table, options)
    return found.report, time.perf_counter() - started


def rows(report: ClvReport) -> list[str]:
    """One row per way to forecast, the chosen one marked."""
    lines = []
    assert report.holdout is not None
    for name, found in report.holdout.models.items():
        cells = [
            f"{report.customers:,}",
            report.horizon_days,
            name,
            f"{found.spend_mae:.2f}",
            f"{found.spend_rmse:.2f}",
        ]
        cells += [f"{found.spend_rank_correlation:.3f}", f"{found.spend_in_best_fifth:.1%}"]
        cells += [
            f"{found.spend_predicted:,.0f}",
            f"{found.spend_actual:,.0f}",
            "used" if name == report.chosen else "",
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def summary(name: str, report: ClvReport, seconds: float) -> str:
    often, much, holdout = report.bg_nbd, report.gamma_gamma, report.holdout
    assert holdout is not None
    chosen = holdout.models[report.chosen]
    return (
        f"- {name}, {report.horizon_days} days: r {often.r:.3f}, alpha {often.alpha:.3f}, a {often.a:.3f}, "
        f"b {often.b:.3f}, "
        f"log-likelihood {often.log_likelihood:.1f}; p {much.p:.2f}, q {much.q:.2f}, gamma {much.gamma:.2f}; "
        f"purchases {chosen.purchases_predicted:,.0f} forecast, "
        f"{chosen.purchases_actual:,.0f} came; "
        f"{holdout.interval_coverage:.1%} within the 80% interval; {seconds:.1f} s in all."
    )


def run() -> str:
    table, details = [], []
    for name in FILES:
        source = transactions(name)
        for horizon_days in HORIZONS:
            report, seconds = forecast(source, horizon_days)
            table += rows(report)
            details.append(summary(name, report, seconds))
    head = ["| " + " | ".join(CELLS) + " |", "|" + "---|" * len(CELLS)]
    intro = f"Spend in the days after {UNTIL}, learnt from the 39 weeks before; dollars per customer, then in total."
    return "\n".join([intro, "", *head, *table, "", *details]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="Where the table goes besides standard output.")
    out = parser.parse_args().out
    text = run()
    print(text)
    if out:
        out.write_text(text)


if __name__ == "__main__":
    main()
