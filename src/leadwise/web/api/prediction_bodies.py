"""What the prediction service is asked (requirement 5)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, WithJsonSchema

EXAMPLE = {
    "email": "user@company.com",
    "job_title": "CEO",
    "company": "Tech Corp",
    "lead_score": 85,
    "engagement_score": 90,
}
NOBODY_IN_PARTICULAR = "default"
Cell = Annotated[JsonValue, WithJsonSchema({"type": ["number", "string", "boolean", "null"]})]
Fields = dict[str, Cell]


def _as_text(value: object) -> object:
    if isinstance(value, float) and value.is_integer():  # how JSON may write a whole number
        return str(int(value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


UserId = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(max_length=200, description="Who owns the model within the organisation of the key.", examples=["user123"]),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"\S", "maxLength": 200}, {"type": "integer"}]}),
]
ModelTypeName = Annotated[
    str, Field(examples=["lead_conversion"], json_schema_extra={"enum": ["lead_conversion", "customer_lifetime_value"]})
]


def _one_of(*names: str) -> dict[str, Any]:
    """What there is to choose from, for the document; what else comes is refused with a sentence that lists it too."""
    return {"enum": [*names, "none", None]}


class _Body(BaseModel):
    """Fields that are not known are ignored."""

    model_config = ConfigDict(extra="ignore")


class PredictBody(_Body):
    """One lead: raw fields, or columns by the names that models know them by. What is missing counts as unknown."""

    model_type: ModelTypeName
    user_id: UserId = NOBODY_IN_PARTICULAR
    data: Fields = Field(examples=[EXAMPLE])


class PredictBatchBody(_Body):
    """Several leads."""

    model_type: ModelTypeName
    user_id: UserId = NOBODY_IN_PARTICULAR
    data: list[Fields] = Field(examples=[[EXAMPLE, {"email": "user2@company.com", "lead_score": 45}]])


class PreprocessingConfig(BaseModel):
    """Steps before learning. Names that are not among these are refused, as they would do nothing."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})

    missing_value_strategy: str | None = Field(
        default=None, json_schema_extra=_one_of("mean", "median", "most_frequent", "constant"), examples=["mean"]
    )
    fill_value: float | str | None = Field(default=None, description="The constant.")
    categorical_encoding: str | None = Field(
        default=None, json_schema_extra=_one_of("one_hot", "label"), examples=["one_hot"]
    )
    feature_scaling: str | None = Field(
        default=None, json_schema_extra=_one_of("standard", "min_max"), examples=["standard"]
    )
    scaling: str | None = Field(
        default=None,
        description="Another name of feature_scaling.",
        json_schema_extra=_one_of("standard", "min_max"),
    )
    feature_selection: str | None = Field(
        default=None, json_schema_extra=_one_of("k_best", "mutual_information"), examples=["k_best"]
    )
    selected_features: int | None = Field(default=None, ge=1, description="How many are kept; ten unless told.")
    feature_engineering: list[str] | str | None = Field(
        default=None, description="Any of time, interactions, log.", examples=[["time", "log"]]
    )


class TrainingConfig(BaseModel):
    """How to train. Names that are not among these are ignored, with a warning in the answer."""

    model_config = ConfigDict(extra="allow")

    features: list[str] = Field(
        default=[],
        max_length=1_000,
        description="Columns or raw fields to learn from; all, if none are named.",
        examples=[["lead_score", "engagement_score", "company_size"]],
    )
    preprocessing: PreprocessingConfig = PreprocessingConfig()
    hyperparameter_search: Literal["grid", "randomised", "none"] = Field(
        default="grid", description="How settings of the algorithm are tried, on the same folds of cross-validation."
    )
    search_trials: int = Field(
        default=4, ge=1, le=100, description="How many settings at most, the defaults among them."
    )
    budget_seconds: float = Field(default=20.0, ge=1, le=600, description="About how long it may take.")
    time_column: str | None = Field(default=None, description="Orders rows of `training_data` in time.")


class TrainBody(_Body):
    """A model to train: on `training_data`, or without it on the organisation's stored leads and their outcomes."""

    model_type: ModelTypeName
    algorithm: str = Field(
        default="random_forest",
        description="random_forest, gradient_boosting, neural_network; logistic_regression of lead_conversion, "
        "linear_regression of customer_lifetime_value.",
        examples=["random_forest"],
    )
    model_name: str = Field(default="", max_length=200, examples=["my_lead_model"])
    user_id: UserId = NOBODY_IN_PARTICULAR
    training_config: TrainingConfig = TrainingConfig()
    training_data: list[Fields] | None = Field(default=None, description="Rows with their outcome; also `data`.")
    target_column: str | None = Field(
        default=None,
        description="Where the outcome of `training_data` stands: `converted` or `lifetime_value` unless told.",
    )


class PreprocessBody(_Body):
    """Rows to preprocess, as training would."""

    data: list[Fields] = Field(examples=[[{"email": "user@company.com", "job_title": "CEO", "company": "Tech Corp"}]])
    config: PreprocessingConfig = PreprocessingConfig()
    model_type: ModelTypeName = "lead_conversion"
    target_column: str | None = Field(default=None, description="The outcome's column, which feature_selection needs.")
