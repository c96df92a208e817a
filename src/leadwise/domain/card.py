"""The model card: everything that a reader may want to know of a model, in one document.

The report is a rendering of the card alone, so a model file can be reported on without its data. Rates and shares are
0 to 1. Personal data never enters a card: no values of ids or free text.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from leadwise.domain.column import ColumnReport
from leadwise.domain.preprocessing import Preprocessing
from leadwise.domain.time_to_convert import TimeToConvert


class Task(StrEnum):
    """What a model predicts: whether a lead converts, or what a customer is worth."""

    CONVERSION = "conversion"
    VALUE = "value"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DataDescription(_Part):
    """The table that the model learnt from, and how it was split."""

    fingerprint: str
    """SHA-256 of the table's columns and values: the same data give the same fingerprint."""
    rows: int
    train_rows: int
    test_rows: int
    outcome: str
    won: str | None = None
    """The outcome value that counts as converted; None for a value model."""
    base_rate: float | None = None
    """Share of converted rows (for a model of time, by its longest horizon); None for a value model."""
    mean_value: float | None = None
    """Mean outcome; None for a conversion model."""
    id_column: str | None = None
    time_column: str | None = None
    time_ordered: bool = False
    split: str
    """A sentence: which rows were the test set and how validation was done."""
    fitted_on_test: bool = True
    """Whether the model that scores learnt from the test's rows too, after it was tested."""


Interval = tuple[float, float]


class ConversionMetrics(_Part):
    """How well probabilities did on rows that the model had not seen.

    None where a metric has no meaning: some of them with rows of one outcome only, all of them without any outcome.
    """

    log_loss: float | None = None
    """Mean negative log-likelihood in nats; lower is better."""
    roc_auc: float | None = None
    average_precision: float | None = None
    brier: float | None = None
    expected_calibration_error: float | None = None
    """Ten bands of equal width, mean |observed - predicted| weighted by rows (Naeini et al. 2015)."""
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    accuracy: float | None = None
    """This and the three before it at the card's `threshold`."""
    lift_at_10: float | None = None
    """Conversion rate among the best-scored tenth, as a multiple of the rate among all."""
    lift_at_20: float | None = None
    rows: int
    intervals: dict[str, Interval] = Field(default_factory=dict)
    """95% bootstrap intervals by metric name."""


class ValueMetrics(_Part):
    """How well predicted values did on rows that the model had not seen; in units of the outcome."""

    mse: float
    mae: float
    r2: float | None
    rmse: float
    rank_correlation: float | None
    """Spearman."""
    interval_coverage: float
    """Share of true values inside [value_low, value_high]; 0.8 is promised."""
    rows: int
    intervals: dict[str, Interval] = Field(default_factory=dict)


Metrics = ConversionMetrics | ValueMetrics


class LeaderboardRow(_Part):
    """One algorithm's validation result on the folds that all algorithms share, and its test result.

    For a conversion model `log_loss`, `roc_auc`, ... and for a value model `mse`, `mae`, ... are those of validation.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    algorithm: str
    chosen: bool = False
    fit_seconds: float
    note: str = ""
    test: Metrics | None = None


class SearchTrial(_Part):
    """One choice of an algorithm's settings, and how it did on the validation folds."""

    algorithm: str
    settings: dict[str, Any]
    """By name, where there is a choice; the first trial of each algorithm has the defaults."""
    loss: float
    """Log loss, or mean squared error of a value model."""
    chosen: bool
    """Whether the algorithm competed with it."""
    fit_seconds: float


def settings_in_words(settings: Mapping[str, Any]) -> str:
    """Settings as people read them.

    >>> settings_in_words({"learning_rate": 0.08, "leaves": "by rows"})
    'learning rate 0.08, leaves by rows'
    """
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items())


class DriftTrial(_Part):
    """One way of treating older rows, and the quick learner's mean validation loss with it."""

    trend: bool
    half_life: float | None
    loss: float
    chosen: bool


class DriftReport(_Part):
    """How the world moved while leads came in, and what was made of it. Only where time is known."""

    trend: bool
    """Whether the model learnt how things change, and predicts as of the newest leads."""
    half_life: float | None = None
    """After which share of the rows, counted back from the newest, a row weighs half; None: all weigh the same."""
    left_out: tuple[str, ...] = ()
    """Columns without which later leads were predicted better."""
    sentence: str
    trials: tuple[DriftTrial, ...] = ()


class ReliabilityBand(_Part):
    """Rows of the test set whose probability fell into one band."""

    low: float
    high: float
    count: int
    predicted: float
    """Mean probability."""
    observed: float
    """Share that converted."""
    observed_interval: Interval
    """95% Wilson interval."""
    sentence: str
    """Of 1,000 leads scored 30-40%, 346 converted."""


class Calibration(_Part):
    """How raw model output was turned into probabilities, and whether that held on the test set."""

    method: str
    """"none", "platt", "beta" or "curve"."""
    slope: float | None = None
    """Of calibrated over raw log-odds; None, as the intercept is, where that is no straight line."""
    intercept: float | None = None
    reason: str = ""
    """Why this method, in a sentence."""
    passed: bool
    """Whether the test set gives no ground to reject calibration (p_value >= 0.01)."""
    p_value: float
    sentence: str


class SegmentCalibration(_Part):
    """What became of the test rows with one value of one column, against what their probabilities promised."""

    column: str
    value: str
    count: int
    expected: float
    """Conversions: the sum of the probabilities."""
    converted: int
    observed_interval: Interval
    """95% interval of the share that converted, given how far apart the probabilities lie."""
    p_value: float
    """How often chance alone brings a count as far off, if the probabilities are right."""
    log_loss: float | None = None
    """Of its rows; None in cards from before it was told."""
    declared: bool = False
    """Whether the target names the column as one by which people compare leads."""
    contradicts: bool
    """Whether that is beyond chance, all segments considered (Holm 1979, 5%)."""
    sentence: str


class Recalibration(_Part):
    """Outcomes that a model was held against after it was fitted, and what was done about them."""

    at: datetime
    changed: bool
    """Whether the probabilities were moved; if not, the model is as it was."""
    from_version: str
    model_version: str
    """The version from then on."""
    rows: int
    """Leads with an outcome."""
    rows_without_outcome: int
    """Ignored."""
    missing_columns: tuple[str, ...]
    """Columns that the model scores by and that the table lacked."""
    slope: float
    """Log-odds are `slope` times what they were, plus `intercept`."""
    intercept: float
    happened: int
    """Conversions among `rows`."""
    expected_before: float
    expected_after: float
    judged_rows: int
    """Leads on which the change was judged, each by what other (where time is known: older) leads say."""
    log_loss_before: float
    """On the judged rows."""
    log_loss_after: float
    """The same, of the change that was made or would have been."""
    sentence: str


class Grade(_Part):
    """A grade's lower bound and what became of such leads in the test set."""

    grade: str
    minimum_probability: float
    count: int
    share: float
    """Share of test rows with this grade."""
    observed: float | None
    """Share of them that converted; None where there were none."""
    action: str


class GainPoint(_Part):
    """Calling the best-scored `share` of leads reaches `captured` of all conversions (of all value)."""

    share: float
    captured: float
    lift: float


class RocPoint(_Part):
    """A point of the ROC curve."""

    false_positive_rate: float
    true_positive_rate: float


class EffectPoint(_Part):
    """The mean contribution of one value, or of one range of values."""

    label: str
    contribution: float
    count: int


class FeatureEffect(_Part):
    """What a column does to the score."""

    column: str
    importance: float
    """Mean absolute contribution, in log-odds (or in units of the value), over the test rows."""
    sentence: str
    points: tuple[EffectPoint, ...] = ()


class ReasonAgreement(_Part):
    """How close everyday contributions come to Shapley values, on rows of the test set.

    Shapley values are those of each feature, summed by column. What an unknown feature means is each algorithm's own:
    trees send a row down both ways, by the shares of training rows; linear models and networks take the average row.
    """

    rows: int
    correlation: float
    """Pearson's, over all rows and columns."""
    by_column: dict[str, float]
    """The same by column; 1 where a column contributes nothing."""
    same_strongest: float
    """Share of rows whose strongest reason is the same."""
    exact_by_default: bool
    """Whether the correlation is below 0.95, so that scores give Shapley values without being asked."""
    sentence: str


class ValueBand(_Part):
    """From this predicted amount on, this is what to do (value models)."""

    minimum_value: float
    action: str


class ModelCard(_Part):
    """The whole card. `leadwise show` prints it; `fit --json` prints it as JSON."""

    format_version: int
    leadwise_version: str
    model_version: str
    """Twelve hexadecimal digits of the model's content: the same data, seed and software give the same version."""
    task: Task
    created_at: datetime
    training_seconds: float
    budget_seconds: float
    seed: int
    software: dict[str, str]
    data: DataDescription
    columns: tuple[ColumnReport, ...]
    algorithm: str
    """The leaderboard's winner."""
    leaderboard: tuple[LeaderboardRow, ...]
    search: tuple[SearchTrial, ...] = ()
    """The settings that were tried, where there were several; in the order in which they were."""
    preprocessing: Preprocessing = Field(default_factory=Preprocessing)
    """What was done to features before any algorithm but the rules saw them."""
    test: Metrics
    base: float
    """Where every score starts: log-odds (or value) before any contribution."""
    threshold: float | None = None
    """From this probability on, precision, recall, F1 and accuracy call a lead a conversion (best F1 in validation)."""
    calibration: Calibration | None = None
    """None for amounts, and where there are too few outcomes to test it."""
    reliability: tuple[ReliabilityBand, ...] = ()
    segments: tuple[SegmentCalibration, ...] = ()
    """Values with 50 test leads or more, of the columns that the target names, then of those that matter most."""
    segments_sentence: str = ""
    """How many segments contradict their probabilities, and how many stray by chance."""
    grades: tuple[Grade, ...] = ()
    value_bands: tuple[ValueBand, ...] = ()
    """Highest first; the last one's minimum is the lowest amount there can be."""
    gain: tuple[GainPoint, ...] = ()
    roc: tuple[RocPoint, ...] = ()
    effects: tuple[FeatureEffect, ...] = ()
    reasons: ReasonAgreement | None = None
    """None in cards from before it was measured."""
    drift: DriftReport | None = None
    """None where time is not known, or leads were too few to tell."""
    time_to_convert: TimeToConvert | None = None
    """For a model that says when leads convert: `probability` is then that within `probability_days` of creation."""
    sureness: str = ""
    """How much the usual score leaves open, in a sentence; empty for amounts."""
    warnings: tuple[str, ...] = ()
    recalibrations: tuple[Recalibration, ...] = ()
    """Oldest first. After one, `calibration`, `reliability`, `segments` and `grades` tell of its judged rows."""


class CheckReport(_Part):
    """What `leadwise check` found in a table."""

    rows: int
    outcome: str
    won: str | None = None
    base_rate: float | None = None
    columns: tuple[ColumnReport, ...]
    algorithms: tuple[str, ...] = ()
    """Those that would compete; rules alone where there are too few outcomes."""
    warnings: tuple[str, ...] = ()
