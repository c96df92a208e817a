"""Targets, and the versions of their models."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from leadwise.web.api.v2.shapes.records import LEAD
from leadwise.web.api.v2.shapes.scores import ReasonAnswer
from leadwise.web.api.v2.shapes.words import AS_WHOLE, Given, Instant, LeadName, Name, Told, example

VERSION = "72cf245e8871"
_TARGET = {
    "name": "car_sold",
    "title": "Buys a car within 60 days",
    "blueprint": "marketplace-auto",
    "entity": "lead",
    "task": "conversion",
    "horizon_days": 60,
    "open_days": 90,
    "active_version": VERSION,
}
_VERSION = {
    "version": VERSION,
    "target": "car_sold",
    "task": "conversion",
    "created_at": "2026-02-01T03:00:00Z",
    "recorded_at": "2026-02-01T03:02:00Z",
    "is_active": True,
    "activated_at": "2026-02-01T03:02:01Z",
    "activated_by": "nightly (key 0f3a9c)",
    "has_file": True,
    "algorithm": "gradient_boosting",
    "rows": 4_812,
    "metrics": {"roc_auc": 0.83, "log_loss": 0.41},
}


class WordAnswer(Told):
    """A name and how people read it."""

    name: str
    title: str


class TargetAnswer(Told):
    """What can be predicted."""

    model_config = ConfigDict(json_schema_extra=example(**_TARGET))

    name: str
    title: str
    blueprint: str = Field(description="The blueprint that it is of.")
    entity: str
    task: Literal["conversion", "value"]
    horizon_days: float = Field(description="Within so many days from the instant of scoring.")
    open_days: float = Field(description="A lead is open for so many days.")
    active_version: str | None = Field(description="The model that scores; null: none does.")


class TargetDetail(TargetAnswer):
    """What can be predicted, with its words."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **_TARGET,
            fields=[{"name": "price", "title": "Asking price"}],
            events=[{"name": "message_received", "title": "Buyer replies"}],
            segments=["make"],
            actions={"A": "Call within the hour"},
        )
    )

    fields: list[WordAnswer] = Field(description="Fields of leads that are learnt from or shown.")
    events: list[WordAnswer] = Field(description="Kinds of events that are known by name.")
    segments: list[str] = Field(
        description="Fields that leads are compared by; scores can be narrowed to their values."
    )
    actions: dict[str, str] = Field(description="What to do next, by grade.")


class TrainModelRequest(Given):
    """A model to be trained from what is stored; the answer is a job."""

    model_config = ConfigDict(json_schema_extra=example(target="car_sold", budget_seconds=120))

    target: Name
    budget_seconds: float | None = Field(
        default=None, ge=1, le=86_400, description="How long it may take; null: as usual."
    )
    algorithms: list[Name] = Field(default=[], max_length=50, description="Those that compete; none: all.")
    seed: Annotated[int, Field(ge=0, le=2**31 - 10), AS_WHOLE] = 0
    drop: list[Name] = Field(default=[], max_length=500, description="Columns to leave out.")
    keep: list[Name] = Field(default=[], max_length=500, description="Columns to use whatever the leak check says.")
    accepted_leaks: list[Name] = Field(
        default=[], max_length=500, description="Of those, the ones with which it may score nevertheless."
    )
    must_improve: bool = Field(
        default=False, description="Whether it must be better than the active one to score; else not worse is enough."
    )


class VersionAnswer(Told):
    """A version of a model."""

    model_config = ConfigDict(json_schema_extra=example(**_VERSION))

    version: str
    target: str
    task: Literal["conversion", "value"]
    created_at: Instant
    recorded_at: Instant
    is_active: bool = Field(description="Whether it scores now.")
    activated_at: Instant | None = Field(description="When it was activated last.")
    activated_by: str | None
    has_file: bool = Field(description="Whether it can score; the files of old versions are removed, cards stay.")
    algorithm: str
    rows: int = Field(description="That it learnt from and was tested on.")
    metrics: dict[str, float | None] = Field(description="On leads that it had not seen.")


class VersionDetail(VersionAnswer):
    """A version with its card: what it learnt from, how good it is, and what it may be used for."""

    model_config = ConfigDict(
        json_schema_extra=example(**_VERSION, card={"model_version": VERSION, "task": "conversion", "summary": "…"})
    )

    card: dict[str, Any] = Field(description="The model card; see the manual.")


class RollBackRequest(Given):
    """An earlier version that is to score again."""

    model_config = ConfigDict(json_schema_extra=example(target="car_sold"))

    target: Name
    to: Name | None = Field(default=None, description="Any stored version; null: the one before the active one.")


class ActiveAnswer(Told):
    """Which version scores now."""

    model_config = ConfigDict(json_schema_extra=example(target="car_sold", version=VERSION))

    target: str
    version: str


class InProductionAnswer(Told):
    """Which version scored at an instant."""

    model_config = ConfigDict(
        json_schema_extra=example(
            target="car_sold",
            at="2026-02-02T12:00:00Z",
            version=VERSION,
            activated_at="2026-02-01T03:02:01Z",
            activated_by="nightly (key 0f3a9c)",
        )
    )

    target: str
    at: Instant
    version: str | None = Field(description="Null: none did.")
    activated_at: Instant | None
    activated_by: str | None


class GradeChangeAnswer(Told):
    """How many leads the first version gives one grade, and the second the other."""

    before: str
    after: str
    leads: int


class MoverAnswer(Told):
    """A lead that the versions see differently."""

    lead: LeadName
    before: float
    after: float
    reasons: list[ReasonAnswer] = Field(description="By how much more the second raises the score, by column.")


class ComparisonAnswer(Told):
    """Two versions on the same leads."""

    model_config = ConfigDict(
        json_schema_extra=example(
            first="1f00aa",
            second=VERSION,
            open_leads=812,
            graded_otherwise=40,
            grade_changes=[{"before": "B", "after": "A", "leads": 22}],
            rank_correlation=0.97,
            movers=[{"lead": LEAD, "before": 0.2, "after": 0.5, "reasons": []}],
            known_leads=300,
            unseen=True,
            first_metrics={"roc_auc": 0.81},
            second_metrics={"roc_auc": 0.83},
        )
    )

    first: str
    second: str
    open_leads: int = Field(description="Open leads that both scored.")
    graded_otherwise: int
    grade_changes: list[GradeChangeAnswer]
    rank_correlation: float | None = Field(description="Spearman's, of the scores of open leads.")
    movers: list[MoverAnswer]
    known_leads: int = Field(description="Rows of past leads that the metrics are of.")
    unseen: bool = Field(description="Whether neither can have learnt from those.")
    first_metrics: dict[str, Any] | None
    second_metrics: dict[str, Any] | None
