"""What is told of a trained model: metrics under the names that callers know, what matters, what to mind."""

from collections.abc import Mapping
from typing import Any

from leadwise.app.owned.order import TrainingOrder
from leadwise.app.owned.rows import TrainingRows
from leadwise.domain.card import ConversionMetrics, Metrics, ModelCard, Task
from leadwise.domain.column import ColumnUse, Leak
from leadwise.training.fitted_model import FittedModel

Told = dict[str, Any]
"""As JSON."""
CONVERSION = ("accuracy", "precision", "recall", "f1_score", "roc_auc", "log_loss", "brier")
VALUE = ("mse", "mae", "r2", "rmse")


def tell_of_training(order: TrainingOrder, model: FittedModel, rows: TrainingRows) -> Told:
    """What the answer to a training says, and what is listed of the model from then on."""
    card = model.card
    return {
        "status": "success",
        "model_id": card.model_version,
        "model_version": card.model_version,
        "model_name": order.model_name,
        "model_type": order.model_type,
        "user_id": order.user_id,
        "algorithm": card.algorithm,
        "trained_at": card.created_at.isoformat(),
        "training_seconds": card.training_seconds,
        "trained_on": rows.source,
        "training_rows": card.data.train_rows,
        "test_rows": card.data.test_rows,
        "features": [column.name for column in model.columns],
        "preprocessing": card.preprocessing.to_config(),
        "metrics": figures(card.test),
        "cross_validation": {"scores": _validation(card), "method": card.data.split},
        "hyperparameters": next((trial.settings for trial in card.search if trial.chosen), {}),
        "hyperparameter_trials": len(card.search),
        "feature_importance": [{"feature": each.column, "importance": each.importance} for each in card.effects],
        "warnings": [*_about_algorithm(order, card), *card.warnings, *_evidence(card)],
    }


def figures(metrics: Metrics) -> dict[str, float | None]:
    """Metrics under the names that callers know."""
    if isinstance(metrics, ConversionMetrics):
        return _picked(metrics.model_dump(), CONVERSION)
    return _picked(metrics.model_dump(), VALUE)


def _validation(card: ModelCard) -> dict[str, float | None]:
    """The same of the rows that the folds of cross-validation held back."""
    found: Mapping[str, Any] = card.leaderboard[0].model_extra or {}
    return _picked(found, CONVERSION if card.task is Task.CONVERSION else VALUE)


def _picked(found: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, float | None]:
    return {name: found.get(name.removesuffix("_score")) for name in names}


def _about_algorithm(order: TrainingOrder, card: ModelCard) -> list[str]:
    if card.algorithm == order.algorithm:
        return []
    return [f"There was too little to learn {order.algorithm} from; {card.algorithm} was learnt in its place."]


def _evidence(card: ModelCard) -> list[str]:
    """What the leak check found in columns that the model uses all the same."""
    return [
        f"{column.name}: {column.evidence}"
        for column in card.columns
        if column.leak is not Leak.NONE and column.use is ColumnUse.FEATURE
    ]
