"""Training of an owner's model: from rows to a stored version that answers from then on.

`train` is given plain values and an open database, so that a process of its own or a job can call it.
"""

import hashlib
from dataclasses import replace
from typing import Any

import pyarrow as pa

from leadwise.app.owned.listing import BESIDE_CARD
from leadwise.app.owned.model_types import ModelType, get_model_type
from leadwise.app.owned.order import AlreadyTrainingError, TrainingOrder
from leadwise.app.owned.owners import target_of
from leadwise.app.owned.rows import NoSuchColumnError, TrainingRows, check_enough, given_rows, stored_rows
from leadwise.app.owned.telling import Told, tell_of_training
from leadwise.domain.clock import now
from leadwise.domain.preprocessing import read_preprocessing
from leadwise.domain.progress import Progress
from leadwise.features.engines import Engine
from leadwise.monitoring.quality import describe_quality
from leadwise.monitoring.stability import shape_of
from leadwise.registry.model_file import dump_model
from leadwise.registry.versions import ModelVersions
from leadwise.scoring.requests import ModelScorer
from leadwise.store.audit import AuditAction, AuditRepository
from leadwise.store.database import Database
from leadwise.store.models import ModelRepository
from leadwise.store.training_turns import take_turn
from leadwise.training.fingerprint import VERSION_DIGITS
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions

SHAPE_ROWS = 2_000
"""So many of the newest rows show how inputs were spread when the model learnt."""


def train(database: Database, engine: Engine, order: TrainingOrder, progress: Progress | None = None) -> Told:
    """Learn, store, activate, and tell.

    Args:
        database: Where leads are, and where the model belongs.
        engine: What computes features of stored leads.
        order: What is to be trained.
        progress: Hears of the steps.

    Raises:
        AlreadyTrainingError: if this model is being trained by anybody now.
        InsufficientDataError, UnknownFeaturesError and whatever `fit` raises: if it cannot be learnt.
    """
    target = target_of(order.model_type, order.user_id)
    with database.transaction(order.organisation) as turn:
        if not take_turn(turn, order.organisation, target):
            raise AlreadyTrainingError(order.model_type, order.user_id)
        model_type = get_model_type(order.model_type)
        rows = _rows(database, engine, order, model_type)
        check_enough(model_type, rows)
        fitted = fit(rows.table, _options(order, model_type, rows), progress)
        return _store(database, order, target, rows, _owned(fitted, f"{target}\n{order.model_name}"))


def _store(database: Database, order: TrainingOrder, target: str, rows: TrainingRows, model: FittedModel) -> Told:
    """Let the model answer, with what is told of it beside its card."""
    told = tell_of_training(order, model, rows)
    beside = {"told": told, "shapes": _shapes(model, rows.table), "quality": _quality(rows), "trained_at": str(now())}
    with database.transaction(order.organisation) as connection:
        models = ModelRepository(connection, order.organisation)
        version = model.card.model_version
        if not any(stored.version == version and stored.has_file for stored in models.list(target)):
            card = model.card.model_dump(mode="json") | {BESIDE_CARD: beside}
            models.add(version, target, model.card.task, card, dump_model(model))
        details = {"version": version, "rows": model.card.data.rows, "activated": True}
        AuditRepository(connection, order.organisation).add(AuditAction.TRAIN, target, order.ordered_by, details)
        ModelVersions(connection, target, order.organisation).activate(version, order.ordered_by)
    return told


def _rows(database: Database, engine: Engine, order: TrainingOrder, model_type: ModelType) -> TrainingRows:
    if order.rows is None:
        return stored_rows(model_type, database, order.organisation, engine, order.features)
    beside = () if order.time_column is None else (order.time_column,)
    given = given_rows(model_type, order.rows, order.outcome, order.features, beside)
    if order.time_column is None:
        return given
    if order.time_column not in given.table.column_names:
        raise NoSuchColumnError("time_column", order.time_column, given.table.column_names)
    return replace(given, options=replace(given.options, time_column=order.time_column))


def _options(order: TrainingOrder, model_type: ModelType, rows: TrainingRows) -> FitOptions:
    return replace(
        rows.options,
        algorithms=(order.algorithm,),
        budget_seconds=order.budget_seconds,
        search=order.search,
        search_trials=order.search_trials,
        preprocessing=read_preprocessing(order.preprocessing),
        actions=model_type.blueprint.actions.model_dump(),
    )


def _owned(model: FittedModel, owner: str) -> FittedModel:
    """The model under a version of its owner's own: two owners may have learnt the same from the same rows."""
    digest = hashlib.sha256(f"{owner}\n{model.card.model_version}".encode(errors="replace")).hexdigest()
    return replace(model, card=model.card.model_copy(update={"model_version": digest[:VERSION_DIGITS]}))


def _shapes(model: FittedModel, table: pa.Table) -> dict[str, Any]:
    """How inputs and scores were spread, as the ledger will have them: so that like is compared with like."""
    newest = table.slice(max(0, table.num_rows - SHAPE_ROWS)).to_pylist()
    said = ModelScorer(model).predict(newest, now())
    values = [{each["column"]: each["value"] for each in one.contributions} for one in said]
    scores = [one.value if one.probability is None else one.probability for one in said]
    return {
        "columns": {
            column.name: shape_of([row.get(column.name) for row in values]).model_dump() for column in model.columns
        },
        "scores": shape_of(scores).model_dump(),
    }


def _quality(rows: TrainingRows) -> dict[str, Any]:
    beside = {rows.options.id_column, rows.options.group_column, rows.options.as_of_column}
    return describe_quality(rows.table.drop_columns([name for name in beside if name])).model_dump(mode="json")
