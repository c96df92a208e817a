"""`leadwise score`: scores of a table's rows, by a model file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pyarrow as pa
import typer

from leadwise.app.commands import arguments as take
from leadwise.app.engines import engine_in_use
from leadwise.app.output import remark
from leadwise.app.progress import make_progress, working
from leadwise.connectors.tables import read_table
from leadwise.connectors.tables.writing import TableWriter
from leadwise.connectors.whole_file import check_writable
from leadwise.domain.segments import read_segments
from leadwise.models.algorithm import Explanation
from leadwise.registry.model_file import read_model_file
from leadwise.scoring.scorer import ROWS_AT_ONCE, explain_differences, score_in_batches, score_table
from leadwise.training.fitted_model import FittedModel

if TYPE_CHECKING:
    from leadwise.app.target_session import TargetOptions
    from leadwise.features.engines.spark import SparkEngine

Out = Annotated[Path, typer.Option(help="Where the scores go: .csv, .tsv, .parquet or .jsonl.")]
Reasons = Annotated[int, typer.Option(help="How many reasons to give for each row.", min=0, max=10_000)]
Exact = Annotated[
    bool, typer.Option("--exact", help="Contributions are exact Shapley values, which take some ms for each row.")
]
Engine = Annotated[
    str | None, typer.Option(help="Where rows are scored: `spark-local` or `spark://HOST:PORT`; else in this process.")
]
Segments = Annotated[
    list[str] | None,
    typer.Option(
        "--segment",
        help="With --target: only leads of this segment, as NAME=VALUE. May be repeated: any of a name's values.",
    ),
]


def run(
    out: Out,
    model: take.OptionalModelFile = None,
    table: take.OptionalTable = None,
    target: take.TargetOption = None,
    organisation: take.Organisation = "default",
    segment: Segments = None,
    store: take.Store = None,
    reasons: Reasons = 3,
    exact: Exact = False,
    engine: Engine = None,
    server: take.Server = None,
) -> None:
    """Score each row of a table: probability or value, grade, action, reasons. With --target, stored open leads."""
    if server is not None:
        given = {"MODEL": model, "TABLE": table, "--store": store, "--engine": engine}
        _score_at(server, target, out, given, segment or (), exact=exact)
        return
    writer = TableWriter(out)  # refuses a name that it cannot write before any work is done
    if target is not None:
        from leadwise.app.target_session import TargetOptions

        take.refuse_with_target({"MODEL": model is not None, "TABLE": table is not None})
        check_writable(out)
        _score_target(
            TargetOptions(target, organisation, store), segment or (), _Scoring(writer, reasons, exact, engine)
        )
        return
    if model is None or table is None:
        raise typer.BadParameter(take.NEITHER_FILES_NOR_TARGET, param_hint="MODEL TABLE")
    take.refuse_without_target(
        {"--organisation": organisation != "default", "--store": store is not None, "--segment": bool(segment)}
    )
    check_writable(out, inputs=[model, table])
    scoring = _Scoring(writer, reasons, exact, engine)
    fitted = read_model_file(model)
    with working(f"reading {table}"):
        file = read_table(table)
    for note in file.notes:
        remark(note)
    scoring.run(fitted, file.table)


def _score_at(
    server: str, target: str | None, out: Path, given: Mapping[str, object], segments: Sequence[str], *, exact: bool
) -> None:
    from leadwise.app.remote import score_at

    if target is None:
        take.refuse_without_target({"--server": True})
    take.refuse_with_server({name: value is not None for name, value in given.items()} | {"--exact": exact})
    if out.suffix.lower() != ".csv":
        message = f"A service gives CSV, so the name must end in .csv, but it is {out.name}."
        raise typer.BadParameter(message, param_hint="--out")
    check_writable(out)
    score_at(server, str(target), out, segments)


def _score_target(options: "TargetOptions", segments: Sequence[str], scoring: "_Scoring") -> None:
    from leadwise.app.target_scoring import (
        SCORES_AT_ONCE,
        active_model,
        open_leads,
        rows_to_score,
        store_scores,
        within,
    )
    from leadwise.app.target_session import open_target

    with open_target(options) as session:
        wanted = read_segments(session.blueprint.target, segments)
        model = active_model(session)
        leads = within(session, open_leads(session, model), wanted)
        with (
            scoring.explained(model, leads.features, SCORES_AT_ONCE) as explained,
            scoring.writing(model, rows_to_score(leads)) as write,
            session.database.transaction() as connection,
        ):
            stored = store_scores(
                session, connection, model, leads, exact=scoring.exact, explained=explained, hear=write
            )
    remark(f"Stored {stored.count:,} scores, as of {leads.as_of:%Y-%m-%d %H:%M} UTC.")


class _Scoring:
    """How rows are scored, and where the scores go.

    Raises:
        UnknownEngineError: if there is no such engine.
    """

    def __init__(self, writer: TableWriter, reasons: int, exact: bool, engine: str | None) -> None:  # noqa: FBT001
        self._writer, self._reasons, self.exact = writer, reasons, exact
        self._spark = _spark(engine)

    def run(self, model: FittedModel, table: pa.Table) -> None:
        """Score the table's rows and write them."""
        for sentence in explain_differences(model, table):
            remark(sentence)
        with self._writer as writer:
            _write(self._pieces(model, table), writer, table.num_rows)
        self._tell(table.num_rows)

    @contextmanager
    def writing(self, model: FittedModel, table: pa.Table) -> Iterator[Callable[[pa.Table, Explanation], None]]:
        """Writes the scores of the table's rows as they are explained, piece by piece."""
        for sentence in explain_differences(model, table):
            remark(sentence)
        with self._writer as writer:
            yield lambda piece, found: writer.write(score_table(model, piece, reasons=self._reasons, explanation=found))
        self._tell(table.num_rows)

    @contextmanager
    def explained(
        self, model: FittedModel, table: pa.Table, rows_at_once: int
    ) -> Iterator[Iterator[Explanation] | None]:
        """Explanations of the table's rows, made on Spark; None: this process explains them."""
        if self._spark is None:
            yield None
            return
        from leadwise.scoring.on_spark import explained_on_spark

        with explained_on_spark(self._spark, model, table, rows_at_once=rows_at_once, exact=self.exact) as found:
            yield found

    def _tell(self, rows: int) -> None:
        remark(f"Wrote {rows:,} {'score' if rows == 1 else 'scores'} to {self._writer.path}.")

    def _pieces(self, model: FittedModel, table: pa.Table) -> Iterable[pa.Table]:
        if self._spark is not None:
            from leadwise.scoring.on_spark import score_on_spark

            return score_on_spark(self._spark, model, table, reasons=self._reasons, exact=self.exact)
        return score_in_batches(model, table, reasons=self._reasons, exact=self.exact)


def _spark(engine: str | None) -> "SparkEngine | None":
    """Spark, where it is to score; None: this process scores."""
    if engine is None:
        return None
    from leadwise.features.engines.spark import SparkEngine

    found = engine_in_use(engine)
    return found if isinstance(found, SparkEngine) else None


def _write(pieces: Iterable[pa.Table], writer: TableWriter, total: int) -> None:
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
