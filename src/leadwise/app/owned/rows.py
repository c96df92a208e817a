"""What an owner's model is learnt from: rows that come with the request, or the organisation's stored leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from leadwise.app.owned.model_types import ModelType
from leadwise.app.owned.reading import read_rows, to_table
from leadwise.domain.card import Task
from leadwise.domain.clock import now
from leadwise.domain.errors import Invalid
from leadwise.features.engines import Engine
from leadwise.store.cleaning import cleaned_text
from leadwise.store.database import Database
from leadwise.store.history import read_history
from leadwise.training.competitors import ENOUGH_AMOUNTS, FEWEST_FOR_ANY
from leadwise.training.landmarks import OUTCOME, landmark_table
from leadwise.training.options import FitOptions
from leadwise.training.outcome import read_outcome
from leadwise.training.target_rows import options_of, rows_of

STORED = "stored leads"
GIVEN = "rows of the request"
NO_ROWS = "training_data has no rows; leave it out to learn from stored leads."


class UnknownFeaturesError(Invalid):
    """A model was asked for of features that there are not."""

    code = "unknown_features"

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        self.unknown, self.known = tuple(unknown), tuple(known)
        super().__init__(
            f"There are no features {', '.join(repr(name[:60]) for name in unknown[:10])}; there are: "
            f"{', '.join(known[:60])}."
        )


class NoSuchColumnError(Invalid):
    """A column is named that no row has."""

    code = "no_such_column"

    def __init__(self, option: str, name: str, there: Sequence[str]) -> None:
        self.option, self.name = option, name
        super().__init__(
            f"{option} is {name[:60]!r}, but no row has such a field; there are: {', '.join(there[:60]) or 'none'}."
        )


class InsufficientDataError(Invalid):
    """There is too little to learn from."""

    code = "insufficient_data"

    def __init__(self, sentence: str) -> None:
        super().__init__(f"Insufficient data: {sentence}")


@dataclass(frozen=True)
class TrainingRows:
    """A table to learn from.

    Args:
        table: The columns that may be learnt from, the outcome, and what the options name.
        options: What the columns are for.
        source: Where the rows are from.
    """

    table: pa.Table
    options: FitOptions
    source: str


def given_rows(
    model_type: ModelType,
    rows: Sequence[Mapping[str, Any]],
    outcome: str | None,
    features: Sequence[str],
    beside: Sequence[str] = (),
) -> TrainingRows:
    """The rows of a request.

    Args:
        model_type: What is predicted.
        rows: Values by field or column.
        outcome: Where the outcome stands; None: where it usually does.
        features: Columns or fields to learn from; none: all.
        beside: Columns that are needed in any case, as they came.

    Raises:
        InsufficientDataError: if there are no rows.
        NoSuchColumnError: if none of them has the outcome.
        UnknownFeaturesError: if features are named that none of them has.
    """
    if not rows:
        raise InsufficientDataError(NO_ROWS)
    name = outcome or model_type.outcome
    table = to_table(read_rows(model_type, [_storable(row) for row in rows], keep=[name, *beside]))
    if name not in table.column_names:
        raise NoSuchColumnError("target_column", name, table.column_names)
    columns = [each for each in table.column_names if each != name]
    chosen = named_columns(model_type, features, columns) if features else columns
    options = FitOptions(outcome=name, value=model_type.task is Task.VALUE, keep=tuple(chosen if features else ()))
    needed = [each for each in beside if each in columns and each not in chosen]
    return TrainingRows(table.select([*chosen, *needed, name]), options, GIVEN)


def _storable(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without signs that the database has not: names and frequent values become part of the model's card."""
    return {cleaned_text(name): cleaned_text(value) if isinstance(value, str) else value for name, value in row.items()}


def stored_rows(
    model_type: ModelType, database: Database, organisation: str, engine: Engine, features: Sequence[str]
) -> TrainingRows:
    """The organisation's past leads, each with its features as of the instants at which it is looked at.

    Raises:
        UnknownFeaturesError: if features are named that stored leads have not.
    """
    every = tuple(model_type.columns)
    usual = tuple(model_type.fields) if model_type.only_fields else every
    chosen = tuple(named_columns(model_type, features, every)) if features else usual
    target = model_type.target(chosen)
    # Not under row-level security, for the reason that `TargetSession.read` names.
    with database.transaction() as connection:
        history = read_history(connection, organisation, target)
    if not history.leads.num_rows:
        raise InsufficientDataError(_nothing_stored(model_type))
    table = rows_of(target, landmark_table(target, history, engine, now=now()))
    options = options_of(target, FitOptions(keep=chosen if features else ()))
    names = {OUTCOME: target.title} | {model_type.columns[name]: name for name in chosen}
    return TrainingRows(table.rename_columns(names), options, STORED)


def named_columns(model_type: ModelType, names: Sequence[str], there: Sequence[str]) -> list[str]:
    """The columns that names mean: columns, or fields that columns are made of.

    Raises:
        UnknownFeaturesError: if one of them is neither.

    >>> from leadwise.app.owned.model_types import LEAD_CONVERSION
    >>> named_columns(LEAD_CONVERSION, ["email", "lead_score"], ["lead_score", "email_domain", "shoes"])
    ['email_domain', 'lead_score']
    """
    found: dict[str, None] = {}
    unknown = []
    for name in names:
        meant = [each for each in model_type.sources.get(name) or (name,) if each in there]
        unknown += [] if meant else [name]
        found.update(dict.fromkeys(meant))
    if unknown:
        raise UnknownFeaturesError(unknown, there)
    return list(found)


def check_enough(model_type: ModelType, rows: TrainingRows) -> None:
    """See that there is enough for the algorithm that was asked for to learn at all.

    Raises:
        InsufficientDataError: if not, saying how many there are and how many are needed.
        NoOutcomeError and its kin: if the outcome cannot be read.
    """
    if not rows.table.num_rows:
        raise InsufficientDataError(_too_few(0, 0, rows) if model_type.task is Task.CONVERSION else _too_few_amounts(0))
    read = read_outcome(rows.table, rows.options.outcome, value=model_type.task is Task.VALUE)
    known = read.values[read.known]
    if model_type.task is Task.VALUE:
        if len(known) < ENOUGH_AMOUNTS:
            raise InsufficientDataError(_too_few_amounts(len(known)))
        return
    won, lost = int(np.sum(known == 1)), int(np.sum(known == 0))
    if min(won, lost) < FEWEST_FOR_ANY:
        raise InsufficientDataError(_too_few(won, lost, rows))


def _too_few(won: int, lost: int, rows: TrainingRows) -> str:
    return (
        f"at least {FEWEST_FOR_ANY} leads that converted and {FEWEST_FOR_ANY} that did not are needed, but the "
        f"{rows.source} have {won} and {lost}. Send more training_data, or import leads with their outcomes."
    )


def _too_few_amounts(count: int) -> str:
    return f"at least {ENOUGH_AMOUNTS} customers with a known value are needed, but there are {count}."


def _nothing_stored(model_type: ModelType) -> str:
    needed = ENOUGH_AMOUNTS if model_type.task is Task.VALUE else 2 * FEWEST_FOR_ANY
    target = model_type.blueprint.target
    return (
        f"no {target.entity} is stored in your organisation, and at least {needed} are needed. Send training_data "
        f"with the request, or import {target.entity}s with outcomes of {target.name!r} (leadwise import)."
    )
