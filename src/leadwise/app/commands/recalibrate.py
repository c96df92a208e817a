"""`leadwise recalibrate`: probabilities moved to matured outcomes, without fitting anew."""

from pathlib import Path
from typing import Annotated

import typer

from leadwise.app.commands import arguments as take
from leadwise.app.console import console
from leadwise.app.model import Model
from leadwise.app.output import print_json, remark
from leadwise.app.progress import working
from leadwise.connectors.tables import read_table
from leadwise.connectors.whole_file import check_writable
from leadwise.registry.model_file import read_model_file
from leadwise.scoring.scorer import explain_differences
from leadwise.training.recalibration import Recalibrated, recalibrate

Ended = Annotated[Path, typer.Argument(help="Leads that have ended since the model was fitted, with their outcomes.")]
Out = Annotated[Path | None, typer.Option(help="Where the recalibrated model goes. Default: in place of the old one.")]
Report = Annotated[Path | None, typer.Option(help="Where a report goes: one HTML file that needs no network.")]


def run(
    model: take.ModelFile,
    table: Ended,
    outcome: take.Outcome,
    won: take.Won = None,
    out: Out = None,
    report: Report = None,
    as_json: take.AsJson = False,
) -> None:
    """Move a model's probabilities to what happened since it was fitted, where that is clearly better."""
    fitted = read_model_file(model)
    check_writable(out or model, inputs=[table])
    if report is not None:
        check_writable(report, inputs=[table, model, out or model])
    with working(f"reading {table}"):
        file = read_table(table)
    for sentence in (*file.notes, *explain_differences(fitted, file.table)):
        remark(sentence)
    with working("comparing what was expected with what happened"):
        found = recalibrate(fitted, file.table, outcome, won=won)
    if found.report.changed or out is not None:
        Model(found.model).save(out or model)
        remark(f"Wrote {out or model}.")
    if report is not None:
        Model(found.model).report(report)
        remark(f"Wrote {report}.")
    if as_json:
        print_json(found.report)
    else:
        _show(found)


def _show(found: Recalibrated) -> None:
    out, report = console(), found.report
    out.print(report.sentence)
    if report.rows_without_outcome:
        rows = "1 row has" if report.rows_without_outcome == 1 else f"{report.rows_without_outcome:,} rows have"
        out.print(f"{rows} no outcome yet, and {'was' if report.rows_without_outcome == 1 else 'were'} ignored.")
    if not report.changed:
        return
    calibration = found.model.card.calibration
    assert calibration is not None
    out.print(f"It now expects {report.expected_after:,.0f} conversions of all these leads. {calibration.sentence}")
    out.print(f"Model {report.from_version} became {report.model_version}; every lead keeps its grade.")
