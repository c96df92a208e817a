"""What the prediction service answers (requirement 5)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from leadwise.domain.column import ColumnKind
from leadwise.web.api.contributions import FeatureContribution


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Refusal(_Answer):
    """Why a request is refused."""

    detail: str = Field(description="A sentence: what was expected, what came, the next step.")
    code: str = Field(description="The stable name of the cause.", examples=["insufficient_data"])


class WebRefusal(Refusal):
    """The same, as the web application reads it."""

    error: str


REFUSED = (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503)
"""With these a request may be refused."""


class FeatureImportance(_Answer):
    """How much a feature matters."""

    feature: str
    importance: float


class PredictionAnswer(_Answer):
    """What is said of one lead or customer. What does not belong to its type of model is null."""

    model_type: str
    user_id: str
    prediction: float | None = Field(description="1 or 0 of a lead; the value of a customer.", examples=[1])
    probability: float | None = Field(examples=[0.83])
    probability_interval: tuple[float, float] | None = Field(
        description="Of such leads, the share that converts lies in it four times of five."
    )
    confidence: float | None = Field(
        description="Of a lead: 1 less the interval's width; without one, the larger of probability and complement."
    )
    grade: str | None = Field(description="A to D, of a lead.", examples=["A"])
    predicted_value: float | None = None
    prediction_interval: tuple[float, float] | None = Field(
        default=None, description="Holds the value of four of five such customers."
    )
    model_version: str
    method: Literal["model", "rules"]
    fallback: bool = Field(description="Whether rules answered, because no model could.")
    fallback_reason: str | None
    feature_importance: list[FeatureImportance] = Field(description="Shares in what moved this prediction.")
    contributions: list[FeatureContribution] = Field(
        description="With `base_contribution` they add up to log-odds or value."
    )
    base_contribution: float
    recommendations: list[str]
    missing_features: list[str] = Field(description="What the model knows and was not given.")
    ignored_features: list[str] = Field(description="What was given and the model knows nothing of.")
    warnings: list[str]
    timestamp: str


class PredictionBatchAnswer(_Answer):
    """The predictions in the order of the leads."""

    predictions: list[PredictionAnswer]
    count: int
    model_type: str
    user_id: str
    model_version: str
    fallback: bool


class CrossValidation(_Answer):
    """Metrics of the rows that the folds held back."""

    scores: dict[str, float | None]
    method: str


class _Model(_Answer):
    model_id: str
    model_version: str
    model_name: str
    model_type: str
    user_id: str
    algorithm: str
    trained_at: str
    trained_on: str
    training_rows: int
    features: list[str]


class ListedModel(_Model):
    """A model as it is listed."""

    metrics: dict[str, float | None] = Field(
        description="On rows held back: accuracy, precision, recall, f1_score, roc_auc; or mse, mae, r2, rmse."
    )
    is_active: bool
    stored_at: str


class ModelsAnswer(_Answer):
    """All models of a user."""

    user_id: str
    models: list[ListedModel]
    count: int


class TrainAnswer(_Answer):
    """The model that was trained, and answers from now on."""

    status: Literal["success"]
    model_id: str
    model_version: str
    model_name: str
    model_type: str
    user_id: str
    algorithm: str
    trained_at: str
    training_seconds: float
    trained_on: str
    training_rows: int
    test_rows: int
    features: list[str]
    preprocessing: dict[str, JsonValue]
    metrics: dict[str, float | None]
    cross_validation: CrossValidation
    hyperparameters: dict[str, JsonValue]
    hyperparameter_trials: int
    feature_importance: list[FeatureImportance]
    warnings: list[str]


class ColumnQualityAnswer(_Answer):
    """One column's values."""

    name: str
    type: ColumnKind
    missing: int
    missing_share: float
    distinct: int
    outliers: int | None


class QualityAnswer(_Answer):
    """What a table's values are like."""

    rows: int
    duplicate_rows: int
    completeness: float
    columns: list[ColumnQualityAnswer]


class PreprocessAnswer(_Answer):
    """The processed rows, and what they were like before."""

    processed_data: list[dict[str, JsonValue]]
    columns: list[str]
    original_columns: list[str]
    row_count: int
    config: dict[str, JsonValue]
    data_quality_report: QualityAnswer


class Moved(_Answer):
    """Population stability index, and what it means."""

    psi: float | None
    state: Literal["stable", "moved", "moved a lot", "too few rows"]


class MovedFeature(Moved):
    """The same of a feature."""

    feature: str


class Drift(_Answer):
    """How recent predictions and their inputs compare with those of training."""

    rows: int
    method: str
    scores: Moved
    features: list[MovedFeature]


class RecentPredictions(_Answer):
    """Predictions of the version on record, the newest 2,000 at most."""

    count: int
    mean: float | None
    newest: str | None
    oldest: str | None


class TriggerAnswer(_Answer):
    """One ground for training again."""

    name: Literal["performance", "volume", "time", "drift", "manual"]
    state: Literal["fired", "quiet", "unknown", "available"]
    sentence: str


class Retraining(_Answer):
    """Whether to train again."""

    recommended: bool
    triggers: list[TriggerAnswer]


class InsightsAnswer(_Model):
    """How the model that answers does."""

    task: str
    metrics: dict[str, float | None]
    cross_validation: CrossValidation
    feature_importance: list[FeatureImportance]
    data_quality: QualityAnswer
    recent_predictions: RecentPredictions
    drift: Drift
    retraining: Retraining
    recommendations: list[str]
    warnings: list[str]
