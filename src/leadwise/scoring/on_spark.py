"""Scores of a table's rows, computed on Spark: the same code as in one process, on one piece of the table at a time."""

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

import pyarrow as pa
from pyarrow import feather

from leadwise.features.engines.spark import SparkEngine
from leadwise.registry.model_file import read_model_file, write_model_file
from leadwise.scoring.scorer import ROWS_AT_ONCE, score_table
from leadwise.training.fitted_model import FittedModel

_MODEL = "model.leadwise"


def score_on_spark(
    engine: SparkEngine, model: FittedModel, table: pa.Table, *, reasons: int = 3, exact: bool = False
) -> Iterator[pa.Table]:
    """What `scorer.score_in_batches` gives, in its order, from workers that need leadwise installed.

    Args:
        engine: Where pieces are scored.
        model: What scores them.
        table: The rows.
        reasons: As `score_table`.
        exact: As `score_table`.

    Raises:
        EngineError: if Spark could not finish.
        SparkMissingError, SparkUnreachableError: if it cannot be started.
    """
    with engine.shared_folder() as folder:
        write_model_file(model, folder / _MODEL)
        starts = range(0, table.num_rows, ROWS_AT_ONCE)
        for place, start in enumerate(starts):
            feather.write_feather(table.slice(start, ROWS_AT_ONCE), _piece(folder, place), compression="lz4")
        engine.run_each(partial(score_piece, folder, reasons, exact), len(starts))
        for place in range(len(starts)):
            yield feather.read_table(_scores(folder, place))


def score_piece(folder: Path, reasons: int, exact: bool, place: int) -> None:  # noqa: FBT001 - called by workers
    """Write the scores of one piece in the folder; whole, since another worker may be doing the same."""
    piece = feather.read_table(_piece(folder, place))
    first_row = place * ROWS_AT_ONCE + 1
    found = score_table(_model(folder / _MODEL), piece, reasons=reasons, exact=exact, first_row=first_row)
    unfinished = folder / f"{place}-{id(piece)}.unfinished"
    feather.write_feather(found, unfinished, compression="lz4")
    unfinished.chmod(0o644)
    unfinished.replace(_scores(folder, place))


@lru_cache(maxsize=1)
def _model(path: Path) -> FittedModel:
    """The model, read once in each worker process."""
    return read_model_file(path)


def _piece(folder: Path, place: int) -> Path:
    return folder / f"{place}.rows"


def _scores(folder: Path, place: int) -> Path:
    return folder / f"{place}.scores"
