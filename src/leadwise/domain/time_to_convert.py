"""The card of a model that says when leads convert, and how it did against what happened."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

HORIZONS = (7, 30, 60, 90)
"""Days from a lead's creation within which its conversion is foretold."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AgeCheck(_Part):
    """Predicted against Kaplan-Meier at one age, for the same leads."""

    days: float
    predicted: float
    """Mean probability to have converted by then."""
    observed: float
    """Share that had converted by then, as Kaplan-Meier estimates it."""
    observed_interval: tuple[float, float]
    """Its 95% interval."""


class SegmentCheck(_Part):
    """The same for leads with one value of one column."""

    column: str
    value: str
    leads: int
    ages: tuple[AgeCheck, ...]


class TimeComparison(_Part):
    """How one model did: in validation, and on test leads that no choice has looked at."""

    algorithm: str
    chosen: bool
    log_likelihood: float | None
    """Mean log-likelihood of what was seen of a validation lead, in nats; higher is better. None without validation."""
    concordance: float | None
    """Harrell's C on the test leads: how often, of two leads, the one that converts first was scored higher."""
    integrated_brier: float
    """On the test leads, over ages up to `tested_days`, weighted for censoring (Graf et al. 1999); lower is better."""


class TimeToConvert(_Part):
    """When leads convert: what was learnt from, what is given, and whether it held."""

    created_column: str
    converted_column: str
    as_of: datetime
    """The last instant that the table tells of."""
    leads: int
    converted: int
    open: int
    """Leads that had not converted by `as_of`; they count for the time they were watched, never as lost."""
    observed_days: float
    """The age up to which enough leads were watched; nothing is said beyond it."""
    horizons: tuple[int, ...]
    """Days within which conversion is foretold: those of 7, 30, 60 and 90 that lie within `observed_days`."""
    probability_days: float
    """Days that a score's `probability` is about: the longest horizon, or `observed_days` where that is shorter."""
    median_days: float | None
    """The age by which half of all leads have converted; None where that was not observed."""
    tested_from: datetime | None
    """Test leads were created later than this, and predicted with what was known then; None without a test."""
    tested_days: float
    """The longest age at which the test could compare; the card's other figures are about conversion by then."""
    comparisons: tuple[TimeComparison, ...]
    curve: tuple[AgeCheck, ...]
    """All test leads, by age."""
    overall: tuple[AgeCheck, ...]
    """All test leads, at the horizons."""
    segments: tuple[SegmentCheck, ...]
    """Test leads by category, for each with 50 or more of them."""
    sentence: str
    """Whether it held, in plain words."""
