"""`leadwise score`: scores of a table's rows, by a model file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from leadwise.app.commands import arguments as take
from leadwise.app.engines import engine_in_use
from leadwise.app.output import remark
from leadwise.app.progress import make_progress, working
from leadwise.connectors.tables import read_table
from leadwise.connectors.tables.writing import TableWriter
from leadwise.connectors.whole_file import check_writable
from leadwise.features.engines.spark import SparkEngine
from leadwise.registry.model_file import read_model_file
from leadwise.scoring.on_spark import score_on_spark
from leadwise.scoring.scorer import ROWS_AT_ONCE, explain_differences, score_in_batches

NAME = "score"

Out = Annotated[Path, typer.Option(help="Where the scores go: .csv, .tsv, .parquet or .jsonl.")]
Reasons = Annotated[int, typer.Option(help="How many reasons to give for each row.", min=0, max=10_000)]
Exact = Annotated[
    bool, typer.Option("--exact", help="Contributions are exact Shapley values, which take some ms for each row.")
]
Engine = Annotated[
    str | None, typer.Option(help="Where rows are scored: `spark-local` or `spark://HOST:PORT`; else in this process.")
]


def run(
    model: take.ModelFile,
    table: take.Table,
    out: Out,
    reasons: Reasons = 3,
    exact: Exact = False,
    engine: Engine = None,
) -> None:
    """Score each row of a table: probability or value, grade, action, reasons."""
    writer = TableWriter(out)  # refuses a name that it cannot write before any work is done
    check_writable(out, inputs=[model, table])
    spark = engine_in_use(engine) if engine else None
    fitted = read_model_file(model)
    with working(f"reading {table}"):
        file = read_table(table)
    for sentence in (*file.notes, *explain_differences(fitted, file.table)):
        remark(sentence)
    if isinstance(spark, SparkEngine):
        pieces = score_on_spark(spark, model, file.table, reasons=reasons, exact=exact)
    else:
        pieces = score_in_batches(fitted, file.table, reasons=reasons, exact=exact)
    with writer:
        rows = _write(pieces, writer, file.table.num_rows)
    remark(f"Wrote {rows:,} {'score' if rows == 1 else 'scores'} to {out}.")


def _write(pieces: Iterable[pa.Table], writer: TableWriter, total: int) -> int:
    rows = 0
    with make_progress() as progress:
        progress.start(total_steps=-(-total // ROWS_AT_ONCE))
        progress.step(f"scoring rows 1 to {min(ROWS_AT_ONCE, total):,}")
        for piece in pieces:
            writer.write(piece)
            rows += piece.num_rows
            if rows < total:
                progress.step(f"scoring rows {rows + 1:,} to {min(rows + ROWS_AT_ONCE, total):,}")
        progress.finish()
    return rows
