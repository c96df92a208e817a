"""Models of many tables, fitted side by side on Spark: the same code as in one process, one table at a time."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyarrow import feather

from leadwise.domain.errors import LeadwiseError
from leadwise.features.engines.spark import SparkEngine
from leadwise.registry.model_file import read_model_file, write_model_file
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

_PRIOR = "prior.leadwise"


def fit_on_spark(engine: SparkEngine, tables: Sequence[pa.Table], options: FitOptions) -> Iterator[FittedModel | str]:
    """What `training.fitting.fit` gives for each table, in their order, from workers that need leadwise installed.

    Args:
        engine: Where models are fitted, each on one processor's turn.
        tables: What each is learnt from.
        options: How, for all of them.

    Yields:
        The model, or the sentence that says why there is none: that of one table keeps no other from its model.

    Raises:
        EngineError: if Spark could not finish.
        SparkMissingError, SparkUnreachableError: if it cannot be started.
    """
    with engine.shared_folder() as folder:
        if options.prior is not None:
            write_model_file(options.prior, folder / _PRIOR)
            options = replace(options, prior=None)
        for place, table in enumerate(tables):
            feather.write_feather(table, _rows(folder, place), compression="lz4")
        engine.run_each(partial(fit_table, folder, options), len(tables))
        for place in range(len(tables)):
            refused = _sentence(folder, place)
            yield refused.read_text(encoding="utf-8") if refused.exists() else read_model_file(_model(folder, place))


def fit_table(folder: Path, options: FitOptions, place: int) -> None:
    """Write the model of one table in the folder, or why there is none; whole, since it may be called twice."""
    prior = folder / _PRIOR
    if prior.exists():
        options = replace(options, prior=read_model_file(prior))
    unfinished = folder / f"{place}-{os.getpid()}.unfinished"
    try:
        write_model_file(fit(feather.read_table(_rows(folder, place)), options), unfinished)
        found = _model(folder, place)
    except LeadwiseError as error:
        unfinished.write_text(str(error), encoding="utf-8")
        found = _sentence(folder, place)
    unfinished.chmod(0o644)
    unfinished.replace(found)


def _rows(folder: Path, place: int) -> Path:
    return folder / f"{place}.rows"


def _model(folder: Path, place: int) -> Path:
    return folder / f"{place}.leadwise"


def _sentence(folder: Path, place: int) -> Path:
    return folder / f"{place}.refused"
