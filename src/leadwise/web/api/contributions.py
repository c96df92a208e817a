"""Features' parts in a prediction, as two of the older dialects write them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from leadwise.domain.prediction import Prediction


class FeatureContribution(BaseModel):
    """One feature's part in the log-odds of the probability, or in the value."""

    model_config = ConfigDict(extra="forbid")

    feature: str
    value: JsonValue
    contribution: float


def feature_contributions(said: Prediction) -> list[dict[str, Any]]:
    """Each feature's part as `FeatureContribution` has it, the strongest first."""
    return [
        {"feature": each["column"], "value": each["value"], "contribution": each["contribution"]}
        for each in said.contributions
    ]
