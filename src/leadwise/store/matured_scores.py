"""What scores promised whose horizon has passed, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

_MATURED = text("""
WITH promised AS (
    SELECT DISTINCT ON (scores.lead_id) coalesce(leads.merged_into, leads.id) AS lead_id, scores.as_of,
        scores.probability
    FROM scores JOIN leads ON leads.id = scores.lead_id
    WHERE scores.organisation_id = :organisation AND scores.target = :target
        AND scores.probability IS NOT NULL
        AND scores.as_of >= :since AND scores.as_of <= :until
    ORDER BY scores.lead_id, scores.as_of, scores.recorded_at, scores.id
)
SELECT count(*) AS leads, coalesce(sum(probability), 0.0) AS expected,
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM outcomes JOIN leads AS named ON named.id = outcomes.lead_id
        WHERE coalesce(named.merged_into, named.id) = promised.lead_id
            AND outcomes.organisation_id = :organisation AND outcomes.target = :target AND outcomes.won
            AND outcomes.occurred_at > promised.as_of AND outcomes.occurred_at <= promised.as_of + :horizon
    )) AS observed
FROM promised
""")


@dataclass(frozen=True)
class MaturedScores:
    """Conversions that scores promised, and those that came.

    Args:
        leads: Leads with such a score.
        expected: The sum of their probabilities.
        observed: How many of them converted within the horizon.
    """

    leads: int
    expected: float
    observed: int


def measure_matured_scores(
    connection: Connection, organisation: str, target: str, *, horizon: timedelta, within: timedelta, now: datetime
) -> MaturedScores:
    """What was promised for leads, and what came of it; each lead counts once, by its first score of that time.

    Args:
        connection: To the store.
        organisation: Whose leads.
        target: What was predicted.
        horizon: How long after a score a conversion still counts.
        within: Only scores whose horizon ended so long ago or later.
        now: The instant that it is measured for.
    """
    until = now - horizon
    values = {"organisation": organisation, "target": target, "horizon": horizon}
    row = connection.execute(_MATURED, values | {"since": until - within, "until": until}).one()
    return MaturedScores(row.leads, row.expected, row.observed)
