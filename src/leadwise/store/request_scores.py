"""What was said lately of features that callers gave, and what became known meanwhile: for those who watch models."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

LOOKED_THROUGH = 200_000
"""So many of the newest scores are looked through, so that the question stays cheap in a large ledger."""
_RECENT = text("""
SELECT recorded_at, probability, value, reasons
FROM scores
WHERE organisation_id = :organisation AND target = :target AND model_version = :version AND lead_id IS NULL
    AND id > (SELECT max(id) FROM scores) - :looked_through
ORDER BY id DESC
LIMIT :limit
""")
_OUTCOMES_SINCE = text("""
SELECT count(*) FROM outcomes
WHERE organisation_id = :organisation AND target = :target AND recorded_at > :since
""")


@dataclass(frozen=True)
class RequestScore:
    """A score of features that a caller gave.

    Args:
        recorded_at: When it was said.
        score: The probability, or the value.
        values: By column that changed something, what the caller gave, where it may be kept.
    """

    recorded_at: datetime
    score: float | None
    values: dict[str, Any]


def recent_request_scores(
    connection: Connection, organisation: str, target: str, version: str, limit: int
) -> list[RequestScore]:
    """The newest scores of one version, the newest first."""
    given = {
        "organisation": organisation,
        "target": target,
        "version": version,
        "limit": limit,
        "looked_through": LOOKED_THROUGH,
    }
    return [
        RequestScore(
            row.recorded_at,
            row.value if row.probability is None else row.probability,
            {reason["column"]: reason["value"] for reason in row.reasons},
        )
        for row in connection.execute(_RECENT, given)
    ]


def count_outcomes_since(connection: Connection, organisation: str, target: str, since: datetime) -> int:
    """How many outcomes of a target became known after an instant."""
    given = {"organisation": organisation, "target": target, "since": since}
    return int(connection.execute(_OUTCOMES_SINCE, given).scalar_one())
