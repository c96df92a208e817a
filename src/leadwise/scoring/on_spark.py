"""Rows of a table scored or explained on Spark: by the same code as in one process, on one piece at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import feather

from leadwise.features.engines.spark import SparkEngine
from leadwise.models.algorithm import Explanation
from leadwise.registry.model_file import read_model_file, write_model_file
from leadwise.scoring.scorer import ROWS_AT_ONCE, score_table
from leadwise.training.fitted_model import FittedModel

_MODEL = "model.leadwise"


@dataclass(frozen=True)
class _Piece:
    """Some rows of a table, and the number of the first one, from 0."""

    model: FittedModel
    rows: pa.Table
    start: int


_Work = Callable[[_Piece, BinaryIO], None]
"""What a worker makes of a piece: a file."""


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
    with _worked(engine, model, table, partial(score_piece, reasons, exact), ROWS_AT_ONCE) as files:
        yield from map(feather.read_table, files)


@contextmanager
def explained_on_spark(
    engine: SparkEngine, model: FittedModel, table: pa.Table, *, rows_at_once: int, exact: bool = False
) -> Iterator[Iterator[Explanation]]:
    """What `model.explain` gives of the table's rows, so many at once, from workers that need leadwise installed.

    Raises:
        EngineError, SparkMissingError, SparkUnreachableError: as `score_on_spark`.
    """
    with _worked(engine, model, table, partial(explain_piece, exact), rows_at_once) as files:
        yield map(_explanation, files)


def score_piece(reasons: int, exact: bool, piece: _Piece, out: BinaryIO) -> None:  # noqa: FBT001 - called by workers
    """Write the scores of a piece."""
    found = score_table(piece.model, piece.rows, reasons=reasons, exact=exact, first_row=piece.start + 1)
    feather.write_feather(found, out)


def explain_piece(exact: bool, piece: _Piece, out: BinaryIO) -> None:  # noqa: FBT001 - called by workers
    """Write the explanation of a piece."""
    found = piece.model.explain(piece.model.encode(piece.rows), exact=exact)
    np.savez(out, contributions=found.contributions, base=found.base)


@contextmanager
def _worked(
    engine: SparkEngine, model: FittedModel, table: pa.Table, work: _Work, rows_at_once: int
) -> Iterator[list[Path]]:
    """What the workers made of each piece, in order."""
    with engine.shared_folder() as folder:
        write_model_file(model, folder / _MODEL)
        starts = range(0, table.num_rows, rows_at_once)
        for start in starts:
            feather.write_feather(table.slice(start, rows_at_once), folder / f"{start}.rows", compression="lz4")
        engine.run_each(partial(_work_on, folder, work, rows_at_once), len(starts))
        yield [folder / f"{start}.made" for start in starts]


def _work_on(folder: Path, work: _Work, rows_at_once: int, place: int) -> None:
    """Write what becomes of one piece in the folder; whole, since another worker may be doing the same."""
    start = place * rows_at_once
    piece = _Piece(_model(folder / _MODEL), feather.read_table(folder / f"{start}.rows"), start)
    unfinished = folder / f"{start}-{id(piece)}.unfinished"
    with unfinished.open("wb") as out:
        work(piece, out)
    unfinished.chmod(0o644)
    unfinished.replace(folder / f"{start}.made")


@lru_cache(maxsize=1)
def _model(path: Path) -> FittedModel:
    """The model, read once in each worker process."""
    return read_model_file(path)


def _explanation(file: Path) -> Explanation:
    with np.load(file) as found:
        return Explanation(found["contributions"], float(found["base"]))
