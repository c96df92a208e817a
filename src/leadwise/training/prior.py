"""A model of similar leads as the prior of a new one: their columns are read alike, and it is asked about each lead."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leadwise.domain.card import Task
from leadwise.domain.column import Column, ColumnKind, ColumnReport, ColumnUse
from leadwise.domain.frame import Feature
from leadwise.features.encoding import to_numbers
from leadwise.features.texts import WholeColumn
from leadwise.models.algorithm import Algorithm
from leadwise.models.prior_model import PriorModel
from leadwise.training.errors import (
    NothingInCommonError,
    PriorForAmountsError,
    PriorOfAnotherKindError,
    PriorWithPreprocessingError,
)
from leadwise.training.fitted_model import FittedModel
from leadwise.training.options import FitOptions
from leadwise.training.preparation import PreparedTable

WITH_LEVELS = {ColumnKind.CATEGORY, ColumnKind.CODE}
SAME = {ColumnKind.CONSTANT, ColumnKind.EMPTY}
NOTE = "Read as the model given as --prior reads it."
BASE_POINTS = np.array([-2.0, 2.0])
"""Log-odds between which a calibration is taken for a straight line."""


def check_prior(options: FitOptions) -> None:
    """Whether the prior, if there is one, can be used at all.

    Raises:
        PriorForAmountsError: if amounts are to be learnt.
        PriorWithPreprocessingError: if features are to be changed.
        PriorOfAnotherKindError: if the prior predicts amounts or times.
    """
    if options.prior is None:
        return
    if options.value:
        raise PriorForAmountsError
    if options.preprocessing:
        raise PriorWithPreprocessingError
    card = options.prior.card
    if card.task is not Task.CONVERSION:
        raise PriorOfAnotherKindError(card.model_version, "amounts")
    if card.time_to_convert is not None:
        raise PriorOfAnotherKindError(card.model_version, "when they do")


def read_alike(prior: FittedModel, prepared: PreparedTable, options: FitOptions) -> PreparedTable:
    """The table with the columns that both know read as the prior reads them.

    What is the same in all of these few rows may differ in the next one, and the prior knows what that means; so such
    columns are used after all. Columns that were left out on purpose stay out.
    """
    known = {column.name: column for column in prior.columns}
    own = {column.name: column for column in prepared.columns}
    reports = []
    for report in prepared.reports:
        used = report.name in own or (report.use is ColumnUse.DROPPED and report.type in SAME)
        if report.name in known and used and report.name not in options.drop:
            values = prepared.table.column(report.name)
            column = _merge(own.get(report.name), known[report.name], values)
            own |= {column.name: column} if column is not None else {}
        reports.append(_told(report, own))
    columns = tuple(own[name] for name in sorted(own))
    return replace(prepared, columns=columns, reports=tuple(reports))


def ask_prior(prior: FittedModel, features: Sequence[Feature]) -> PriorModel:
    """The prior, to be asked about frames with these features.

    Raises:
        NothingInCommonError: if it knows none of them.
    """
    assert isinstance(prior.algorithm, Algorithm), "check_prior refuses models of time"
    low, high = prior.scaling.apply(BASE_POINTS)
    slope = float((high - low) / np.ptp(BASE_POINTS))
    model = PriorModel.of(prior.algorithm, prior.features, features, slope, float((low + high) / 2))
    if max(model.source, default=-1) < 0:
        raise NothingInCommonError([column.name for column in prior.columns])
    return model


def _merge(own: Column | None, known: Column, values: WholeColumn) -> Column | None:
    """One way to read a column that both have; None where this table's cannot be read as the prior does."""
    if own is not None and {own.kind, known.kind} <= WITH_LEVELS:
        new = tuple(level for level in own.levels if level not in set(known.levels))
        return own.model_copy(update={"kind": known.kind, "levels": (*known.levels, *new)})
    if own is not None and own.kind is known.kind:
        return own
    readable = ~np.isnan(to_numbers(values, known))
    return known if readable.mean() > 0.5 else own  # noqa: PLR2004 - more readable than not


def _told(report: ColumnReport, own: dict[str, Column]) -> ColumnReport:
    """What became of a column that would otherwise have been left out."""
    if report.use is not ColumnUse.DROPPED or report.name not in own:
        return report
    return report.model_copy(update={"use": ColumnUse.FEATURE, "note": NOTE})
