"""`leadwise clv`: customer lifetime value from transactions."""

from pathlib import Path
from typing import Annotated

import typer

from leadwise.app.commands import arguments as take
from leadwise.app.console import console, plain_table
from leadwise.app.output import number, percent, print_json, remark
from leadwise.app.progress import make_progress, working
from leadwise.connectors.tables import TableWriter, read_table
from leadwise.connectors.whole_file import check_writable
from leadwise.training.clv import ClvOptions, Unit, forecast_lifetime_values
from leadwise.training.clv_forecasts import Forecaster
from leadwise.training.clv_report import ClvReport, Comparison, Holdout
from leadwise.training.clv_transactions import TransactionColumns

WORDS = {
    Forecaster.LIFETIME: "BG/NBD x Gamma-Gamma",
    Forecaster.BOOSTED: "gradient boosting",
    Forecaster.NAIVE: "as before (naive)",
}
Transactions = Annotated[
    Path,
    typer.Argument(help="One row per transaction: CSV, TSV, Parquet, Excel or JSON Lines.", metavar="TRANSACTIONS"),
]
Customer = Annotated[str, typer.Option(help="The column that says who bought.")]
Time = Annotated[str, typer.Option(help="The column that says when; UTC where no zone is given.")]
Amount = Annotated[str, typer.Option(help="The column that says for how much; refunds are negative.")]
Horizon = Annotated[int, typer.Option(help="How many days to look ahead.")]
UnitOption = Annotated[
    Unit, typer.Option(help="Unit of time of the printed parameters; forecasts do not depend on it.")
]
Until = Annotated[
    str | None,
    typer.Option(help="The last day to learn from, else the newest transaction's; later rows test the forecasts."),
]
Out = Annotated[Path | None, typer.Option(help="Where the forecasts go: .csv, .tsv, .parquet or .jsonl.")]


def run(
    transactions: Transactions,
    customer: Customer,
    time: Time,
    amount: Amount,
    horizon_days: Horizon,
    unit: UnitOption = Unit.WEEK,
    until: Until = None,
    out: Out = None,
    as_json: take.AsJson = False,
) -> None:
    """Forecast from transactions who will buy again, how often, and for how much."""
    options = ClvOptions(TransactionColumns(customer, time, amount), horizon_days, unit, until)
    writer = None if out is None else TableWriter(out)  # refuses a name that it cannot write before any work is done
    if out is not None:
        check_writable(out, inputs=[transactions])
    with working(f"reading {transactions}"):
        file = read_table(transactions)
    with make_progress() as progress:
        found = forecast_lifetime_values(file.table, options, progress)
    for sentence in (*file.notes, *found.notes, *found.report.warnings):
        remark(sentence)
    if writer is not None:
        with writer:
            writer.write(found.table)
        remark(f"Wrote {found.table.num_rows:,} customers to {out}.")
    if as_json:
        print_json(found.report)
    else:
        show_report(found.report)


def show_report(report: ClvReport) -> None:
    """Print what was learnt, how good it was on other days, and what to expect."""
    out = console()
    out.print(
        f"{report.customers:,} customers, {report.repeat_customers:,} of them bought on several days; "
        f"{report.transactions:,} transactions until {report.until}."
    )
    out.print(_parameters(report))
    out.print()
    if report.validation is not None:
        _show_comparison("Validation", report.validation)
    if report.holdout is not None:
        _show_comparison("Holdout", report.holdout)
        _show_coverage(report.holdout)
    out.print(
        f"Within {report.horizon_days:,} days about {report.expected_purchases:,.0f} purchases for "
        f"{report.expected_spend:,.0f} in all are expected, by {WORDS[Forecaster(report.chosen)]}."
    )


def _parameters(report: ClvReport) -> str:
    often, much = report.bg_nbd, report.gamma_gamma
    return (
        f"BG/NBD (unit: {report.unit}): r {often.r:.3f}, alpha {often.alpha:.3f}, a {often.a:.3f}, b {often.b:.3f}, "
        f"log-likelihood {often.log_likelihood:.1f}\n"
        f"Gamma-Gamma: p {much.p:.2f}, q {much.q:.2f}, gamma {much.gamma:.2f}"
    )


def _show_comparison(title: str, comparison: Comparison) -> None:
    out = console()
    out.print(f"{title}: the {comparison.days} days after {comparison.as_of}, {comparison.customers:,} customers")
    table = plain_table("", ">MAE", ">RMSE", ">rank corr.", ">best fifth's share", ">predicted", ">actual")
    for name, found in comparison.models.items():
        table.add_row(
            WORDS[Forecaster(name)],
            number(found.spend_mae, 2),
            number(found.spend_rmse, 2),
            number(found.spend_rank_correlation, 3),
            percent(found.spend_in_best_fifth),
            f"{found.spend_predicted:,.0f}",
            f"{found.spend_actual:,.0f}",
        )
    out.print(table)
    out.print()


def _show_coverage(holdout: Holdout) -> None:
    if holdout.interval_coverage is not None:
        console().print(
            f"The spend of {percent(holdout.interval_coverage)} of these customers lay within their 80% interval.\n"
        )
