"""What the seller service answers: the shapes that are documented, and how they are filled."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from leadwise.actions.cohorts import Cohort
from leadwise.actions.property_documents import Document, attribution_document, property_document
from leadwise.actions.pushing import PushResult
from leadwise.actions.radar import RadarPage, RadarSummary
from leadwise.domain.target import Target
from leadwise.web.api.seller.query import NO_NUL, write_cursor


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, protected_namespaces=())


class Reason(_Shape):
    """Why, in a sentence."""

    column: str
    sentence: str
    contribution: float = Field(description="Log-odds: above 0 it speaks for a sale.")


class Attribution(_Shape):
    """How far the model moves a score from its base, and how far the blueprint's rules would: weights add up to 1."""

    model: float = Field(description="The model's share of both distances.", examples=[0.8])
    heuristic: float = Field(description="That of the rules.", examples=[0.2])
    model_log_odds: float = Field(examples=[2.0])
    heuristic_log_odds: float = Field(examples=[0.5])


class PropertyCoverage(_Shape):
    """How many of the features that can lack a value had one."""

    share: float
    given: int
    features: int
    missing: list[str]


class Property(_Shape):
    """One open property, and its newest score."""

    property_id: str
    source: str
    rank: int
    address: str | None
    fields: dict[str, Any] = Field(description="All that is known of it now.")
    probability: float
    grade: str | None
    action: str
    reasons: list[Reason]
    attribution: Attribution
    coverage: PropertyCoverage
    seen_since: datetime
    model_version: str
    as_of: datetime
    scored_at: datetime


class CohortAnswer(_Shape):
    """Properties that have something in common."""

    name: str
    count: int
    share: float
    mean_probability: float
    expected_sales: float


class FeatureCoverage(_Shape):
    """Of how many properties a feature had a value."""

    feature: str
    share: float


class Coverage(_Shape):
    """Of all properties together."""

    share: float | None
    features: list[FeatureCoverage]


class Summary(_Shape):
    """All properties that answer the filters, on whatever page they are."""

    properties: int
    expected_sales: float
    mean_probability: float | None
    attribution: Attribution | None
    coverage: Coverage


class PredictedTarget(_Shape):
    """What the probabilities are of."""

    name: str
    title: str
    horizon_days: int


class Next(_Shape):
    """Where the next page begins."""

    after: str


class Paging(_Shape):
    """`next` is null on the last page."""

    next: Next | None


class SellerAnswer(_Shape):
    """A page of properties, the likeliest first, and what all of them are like."""

    results: list[Property]
    paging: Paging
    summary: Summary
    cohorts: dict[str, list[CohortAnswer]] = Field(description="By neighbourhood, property_type, grade and age.")
    target: PredictedTarget
    model_version: str | None
    as_of: datetime | None
    scored_at: datetime | None


class PushBody(BaseModel):
    """Which properties go to the CRM."""

    property_ids: list[str] = Field(
        alias="propertyIds", max_length=1000, examples=[["P-00017"]], description="As `propertyId` says."
    )
    campaign: str | None = Field(default=None, max_length=200, pattern=NO_NUL, examples=["Spring letters"])


class PushAnswer(_Shape):
    """How many properties went to the CRM: what matched is pushed, skipped or failed."""

    push_id: str
    requested: int = Field(description="Ids that were given, each counted once.")
    matched: int = Field(description="Open properties with a score that have one of them.")
    pushed: int = Field(description="The CRM took these.")
    skipped: int = Field(description="Not sent: no webhook is set.")
    failed: int = Field(description="The CRM did not take these; they can be pushed again.")
    unknown: list[str] = Field(description="Ids that no open property with a score has.")
    forwarding: bool = Field(description="Whether a webhook is set.")
    webhook_status: int | None = Field(
        description="What the webhook answered last; null: nothing, or it was not asked."
    )


def page_document(page: RadarPage, target: Target) -> Document:
    """A page as `SellerAnswer` has it."""
    summary = page.summary
    return {
        "results": [property_document(entry) for entry in page.entries],
        "paging": {"next": {"after": write_cursor(page.after)} if page.after else None},
        "summary": summary_document(summary),
        "cohorts": cohorts_document(summary),
        "target": {"name": target.name, "title": target.title, "horizonDays": target.horizon_days},
        "modelVersion": summary.model_version,
        "asOf": summary.as_of and summary.as_of.astimezone(UTC),
        "scoredAt": summary.scored_at and summary.scored_at.astimezone(UTC),
    }


def summary_document(summary: RadarSummary) -> Document:
    """A summary as `Summary` has it."""
    shares = [{"feature": name, "share": share} for name, share in summary.coverage.items()]
    return {
        "properties": summary.count,
        "expectedSales": summary.expected,
        "meanProbability": summary.mean_probability,
        "attribution": attribution_document(summary.attribution) if summary.attribution else None,
        "coverage": {"share": summary.mean_coverage, "features": shares},
    }


def cohorts_document(summary: RadarSummary) -> Document:
    """Cohorts as `SellerAnswer` has them."""
    return {name: [_cohort(each) for each in found] for name, found in summary.cohorts.items()}


def push_document(result: PushResult) -> Document:
    """A push as `PushAnswer` has it."""
    return {
        "pushId": result.push_id,
        "requested": result.requested,
        "matched": result.matched,
        "pushed": result.pushed,
        "skipped": result.skipped,
        "failed": result.failed,
        "unknown": result.unknown,
        "forwarding": result.forwarding,
        "webhookStatus": result.status,
    }


def _cohort(cohort: Cohort) -> Document:
    return {
        "name": cohort.name,
        "count": cohort.count,
        "share": cohort.share,
        "meanProbability": cohort.mean_probability,
        "expectedSales": cohort.expected,
    }
