"""Predictions as the prediction service writes them."""

from datetime import UTC
from typing import Any

from leadwise.domain.prediction import Prediction
from leadwise.web.api.contributions import feature_contributions
from leadwise.web.api.prediction_asks import Said

LIKELY = 0.5
"""From this probability on, `prediction` is 1."""
NO_VALUE = (
    "Without a model a value needs order_frequency with average_order_value, or total_spent with customer_tenure."
)


def tell(said: Said, model_type: str, user_id: str) -> list[dict[str, Any]]:
    """A document for each prediction."""
    reason = said.fallback_reason or None
    return [
        {"model_type": model_type, "user_id": user_id, **_document(each, ignored, reason, said.trouble)}
        for each, ignored in zip(said.predictions, said.ignored, strict=True)
    ]


def _document(said: Prediction, ignored: object, reason: str | None, trouble: str) -> dict[str, Any]:
    conversion = said.probability is not None
    likely = int(said.probability >= LIKELY) if said.probability is not None else said.value
    moved = sum(abs(each["contribution"]) for each in said.contributions) or 1.0
    return {
        "prediction": likely,
        "probability": said.probability,
        "probability_interval": _interval(said.probability_low, said.probability_high),
        "confidence": _confidence(said),
        "grade": said.grade,
        "predicted_value": None if conversion else said.value,
        "prediction_interval": _interval(said.value_low, said.value_high),
        "model_version": said.model_version,
        "method": "rules" if said.by_rules else "model",
        "fallback": said.by_rules,
        "fallback_reason": reason if said.by_rules else None,
        "feature_importance": [
            {"feature": each["column"], "importance": abs(each["contribution"]) / moved} for each in said.contributions
        ],
        "contributions": feature_contributions(said),
        "base_contribution": said.base,
        "recommendations": [said.action],
        "missing_features": said.missing,
        "ignored_features": ignored,
        "warnings": _warnings(said, trouble),
        "timestamp": said.as_of.astimezone(UTC).isoformat(),
    }


def _confidence(said: Prediction) -> float | None:
    if said.probability is None:
        return None
    if said.probability_low is None or said.probability_high is None:
        return max(said.probability, 1 - said.probability)
    return 1 - (said.probability_high - said.probability_low)


def _interval(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


def _warnings(said: Prediction, trouble: str) -> list[str]:
    found = []
    if trouble and not said.by_rules:
        found.append(f"An earlier model answered: {trouble}")
    if said.probability is None and said.value is None:
        found.append(NO_VALUE)
    return found
