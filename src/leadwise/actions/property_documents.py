"""A property of the radar as JSON: what the API answers and what the CRM is sent, in the words of the older service."""

from dataclasses import asdict
from datetime import UTC
from typing import Any

from leadwise.actions.attribution import Attribution
from leadwise.actions.radar import RadarEntry

Document = dict[str, Any]
MOST_REASONS = 10


def property_document(entry: RadarEntry) -> Document:
    """A property with its newest score; instants are in UTC, contributions in log-odds."""
    score = entry.score
    source, identifier = score.lead
    return {
        "propertyId": identifier,
        "source": source,
        "rank": entry.rank,
        "address": entry.fields.get("address"),
        "fields": entry.fields,
        "probability": score.probability,
        "grade": score.grade,
        "action": score.action,
        "reasons": [asdict(reason) for reason in score.reasons[:MOST_REASONS]],
        "attribution": attribution_document(entry.attribution),
        "coverage": {
            "share": entry.coverage.share,
            "given": entry.coverage.given,
            "features": entry.coverage.features,
            "missing": entry.coverage.missing,
        },
        "seenSince": entry.known_since.astimezone(UTC),
        "modelVersion": score.model_version,
        "asOf": score.as_of.astimezone(UTC),
        "scoredAt": score.recorded_at.astimezone(UTC),
    }


def attribution_document(attribution: Attribution) -> Document:
    """The model's weight against that of the rules."""
    return {
        "model": attribution.model,
        "heuristic": attribution.heuristic,
        "modelLogOdds": attribution.model_log_odds,
        "heuristicLogOdds": attribution.heuristic_log_odds,
    }
